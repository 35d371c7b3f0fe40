package io.khonsu.backup;

import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * A SHA-256 hash.
 *
 * @param hex 64 hexadecimal digits, lower case
 */
record Sha256(String hex) {
  static final int BYTES = 32;

  private static final Pattern PATTERN = Pattern.compile("[0-9a-f]{64}");

  /** Stands for the hash of what is not there. */
  static final Sha256 NONE = new Sha256("0".repeat(2 * BYTES));

  Sha256 {
    if (!isHash(hex)) {
      throw new IllegalArgumentException("a SHA-256 hash has 64 hexadecimal digits");
    }
  }

  /** {@return whether a text is a hash in hexadecimal digits} */
  static boolean isHash(String text) {
    return PATTERN.matcher(text).matches();
  }

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  static Sha256 of(byte[] hash) {
    return new Sha256(HexFormat.of().formatHex(hash));
  }

  /** {@return the hash of all that is left in a stream} */
  static Sha256 of(InputStream in) throws IOException {
    MessageDigest digest = digest();
    byte[] buffer = new byte[1 << 16];
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      digest.update(buffer, 0, read);
    }
    return of(digest.digest());
  }

  byte[] bytes() {
    return HexFormat.of().parseHex(hex);
  }
}
