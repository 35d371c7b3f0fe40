package io.khonsu.grpc;

import io.grpc.ChannelCredentials;
import io.grpc.ServerCredentials;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Who this process is in TLS, and whom it trusts. The files are read again every minute, on the
 * timer that is given, until that ends.
 *
 * <p>Trust is that an authority has signed, host names are not looked at: what counts is the
 * identity in the certificate, which {@link #names} compares once the handshake is over.
 */
final class TlsIdentity {
  private static final long REREAD_MINUTES = 1;

  /** The kind of a subject alternative name that is a URI, in RFC 5280. */
  private static final int URI_NAME = 6;

  private static final Set<PosixFilePermission> FOR_OTHERS =
      EnumSet.of(
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE);

  private final AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
  private final AdvancedTlsX509TrustManager trust;

  /**
   * Reads the files.
   *
   * @throws IOException if one of them cannot be read, is not what it should be, or if the key is
   *     readable by others
   */
  TlsIdentity(TlsFiles files, ScheduledExecutorService timer) throws IOException {
    checkKeyIsPrivate(files.key());
    try {
      trust =
          AdvancedTlsX509TrustManager.newBuilder()
              .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
              .build();
      var _ =
          keys.updateIdentityCredentials(
              files.certificate().toFile(),
              files.key().toFile(),
              REREAD_MINUTES,
              TimeUnit.MINUTES,
              timer);
      var _ =
          trust.updateTrustCredentials(
              files.authorities().toFile(), REREAD_MINUTES, TimeUnit.MINUTES, timer);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException(
          "%s are not PEM files of a certificate, its PKCS #8 key and authorities: %s"
              .formatted(files, e.getMessage()),
          e);
    }
  }

  private static void checkKeyIsPrivate(Path key) throws IOException {
    if (!key.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return;
    }
    Set<PosixFilePermission> forOthers = EnumSet.copyOf(FOR_OTHERS);
    forOthers.retainAll(Files.getPosixFilePermissions(key));
    if (!forOthers.isEmpty()) {
      throw new IOException(
          "the private key %s can be read or written by others: chmod 600 it".formatted(key));
    }
  }

  ServerCredentials server(ClientAuth clientAuth) {
    return TlsServerCredentials.newBuilder()
        .keyManager(keys)
        .trustManager(trust)
        .clientAuth(clientAuth)
        .build();
  }

  ChannelCredentials channel() {
    return TlsChannelCredentials.newBuilder().keyManager(keys).trustManager(trust).build();
  }

  /**
   * {@return whether the certificate at the other end has this URI among its names}
   *
   * @param session of the connection, or null if it is plain text
   */
  static boolean names(@Nullable SSLSession session, String uri) {
    return names(session, uri::equals);
  }

  /** {@return whether the certificate at the other end has a URI like that among its names} */
  static boolean names(@Nullable SSLSession session, Predicate<String> uri) {
    if (session == null) {
      return false;
    }
    try {
      Certificate[] chain = session.getPeerCertificates();
      return chain.length > 0
          && chain[0] instanceof X509Certificate own
          && uris(own).stream().anyMatch(uri);
    } catch (SSLPeerUnverifiedException | CertificateParsingException _) {
      return false; // no certificate, or none that can be read, names nobody
    }
  }

  private static List<String> uris(X509Certificate certificate) throws CertificateParsingException {
    Collection<List<?>> names = certificate.getSubjectAlternativeNames();
    return names == null
        ? List.of()
        : names.stream()
            .filter(name -> name.get(0).equals(URI_NAME))
            .map(name -> (String) name.get(1))
            .toList();
  }
}
