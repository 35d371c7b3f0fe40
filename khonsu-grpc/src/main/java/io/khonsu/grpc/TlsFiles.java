package io.khonsu.grpc;

import java.nio.file.Path;
import java.util.Objects;

/**
 * The PEM files of who takes part in TLS. They are read again every minute, so that a certificate
 * can be replaced while it is in use; connections that there are keep the old one.
 *
 * @param certificate its certificate, followed by those between it and the authority's
 * @param key the certificate's private key in PKCS #8, readable by its owner alone
 * @param authorities certificates of the authorities whose signature makes another one trusted
 */
public record TlsFiles(Path certificate, Path key, Path authorities) {
  /** Checks that nothing is missing. */
  public TlsFiles {
    Objects.requireNonNull(certificate, "certificate");
    Objects.requireNonNull(key, "key");
    Objects.requireNonNull(authorities, "authorities");
  }

  /** {@return how a URI begins which a client's certificate must have among its names} */
  static String clientUris(long clusterId) {
    return "khonsu://%s/client/".formatted(Long.toUnsignedString(clusterId));
  }

  /** {@return whether a URI names a node, of any cluster} */
  static boolean isNodeUri(String uri) {
    return uri.matches("khonsu://\\d+/node/\\d+");
  }

  /** {@return the URI which a node's certificate must have among its subject alternative names} */
  public static String nodeUri(long clusterId, long node) {
    return "khonsu://%s/node/%d".formatted(Long.toUnsignedString(clusterId), node);
  }
}
