package io.khonsu.grpc;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The PEM files that are to say who this process is cannot do so: one of them is missing, cannot be
 * read or is not what it should be, or the others would refuse it. The message says which, and what
 * to do; nothing was opened.
 */
public final class UnusableCertificateException extends IOException {
  private static final long serialVersionUID = 1;

  UnusableCertificateException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
