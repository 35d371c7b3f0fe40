package io.khonsu.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.TlsServerCredentials.ClientAuth;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import io.grpc.util.AdvancedTlsX509TrustManager.Verification;
import io.grpc.util.CertificateUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who this process is in TLS, and whom it trusts. {@link #readAgain} takes over what has changed in
 * the files, for new connections: all of it if that can be used, else nothing.
 *
 * <p>Trust is that an authority has signed, host names are not looked at: what counts is the
 * identity in the certificate, which {@link #names} compares once the handshake is over. A
 * handshake that resumes an earlier session asks for no certificate, so that each connection asks
 * {@link #checked} whether what was shown then is trusted still.
 */
final class TlsIdentity {
  private static final Logger LOG = LoggerFactory.getLogger(TlsIdentity.class);

  /** The kind of a subject alternative name that is a URI, in RFC 5280. */
  private static final int URI_NAME = 6;

  /** TLS 1.3 has no key exchange that belongs to the kind of certificate. */
  private static final String ANY_KEY_EXCHANGE = "UNKNOWN";

  private static final Set<PosixFilePermission> FOR_OTHERS =
      EnumSet.of(
          PosixFilePermission.GROUP_READ,
          PosixFilePermission.GROUP_WRITE,
          PosixFilePermission.OTHERS_READ,
          PosixFilePermission.OTHERS_WRITE);

  private final TlsFiles files;
  private final @Nullable String uri;
  private final AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
  private final AdvancedTlsX509TrustManager trust;
  private final SslContext channels;
  private volatile X509TrustManager authority;
  private Contents taken;

  /** What is in the files. */
  @SuppressWarnings("ArrayRecordComponent") // compared by hand
  private record Contents(byte[] certificate, byte[] key, byte[] authorities) {
    private static Contents read(TlsFiles files) throws IOException {
      return new Contents(
          read("tls.certificate", files.certificate()),
          read("tls.key", files.key()),
          read("tls.authorities", files.authorities()));
    }

    private static byte[] read(String setting, Path file) throws IOException {
      try {
        return Files.readAllBytes(file);
      } catch (NoSuchFileException e) {
        throw new UnusableCertificateException(
            "%s names %s, which is not there".formatted(setting, file), e);
      } catch (AccessDeniedException e) {
        throw new UnusableCertificateException(
            "%s names %s, which this user may not read".formatted(setting, file), e);
      } catch (IOException e) {
        throw new UnusableCertificateException(
            "%s names %s, which cannot be read: %s".formatted(setting, file, e.getMessage()), e);
      }
    }

    private boolean isAs(Contents other) {
      return Arrays.equals(certificate, other.certificate)
          && Arrays.equals(key, other.key)
          && Arrays.equals(authorities, other.authorities);
    }
  }

  /**
   * Reads the files.
   *
   * @param uri what the certificate must name, or null if that does not matter
   * @throws UnusableCertificateException if one of them cannot be read or is not what it should be,
   *     if the key is readable by others or not the certificate's, or if the certificate is of
   *     another time or somebody else
   */
  TlsIdentity(TlsFiles files, @Nullable String uri) throws IOException {
    this.files = files;
    this.uri = uri;
    this.taken = Contents.read(files);
    try {
      trust =
          AdvancedTlsX509TrustManager.newBuilder()
              .setVerification(Verification.CERTIFICATE_ONLY_VERIFICATION)
              .build();
    } catch (CertificateException e) {
      throw new IOException("TLS cannot be used: " + e.getMessage(), e);
    }
    take(taken);
    channels = GrpcSslContexts.forClient().keyManager(keys).trustManager(trust).build();
  }

  /** Takes over what has changed; says so, or why not. */
  synchronized void readAgain() {
    try {
      Contents now = Contents.read(files);
      if (!now.isAs(taken)) {
        take(now);
        taken = now;
        LOG.atInfo().addKeyValue("certificate", files.certificate()).log("certificates are new");
      }
    } catch (IOException e) {
      LOG.atWarn()
          .addKeyValue("why", e.getMessage())
          .log("new certificates cannot be used, the old ones stay");
    }
  }

  private void take(Contents contents) throws IOException {
    checkKeyIsPrivate(files.key());
    X509Certificate[] chain = certificates(contents.certificate, files.certificate());
    X509Certificate[] authorities = certificates(contents.authorities, files.authorities());
    PrivateKey key = key(contents.key);
    checkTime(chain[0]);
    checkName(chain[0]);
    checkKey(chain[0], key);
    try {
      authority = trusting(authorities);
      trust.updateTrustCredentials(authorities);
    } catch (GeneralSecurityException e) {
      throw new UnusableCertificateException(
          files.authorities() + " cannot be trusted: " + e.getMessage(), e);
    }
    keys.updateIdentityCredentials(chain, key);
  }

  /** {@return what checks certificates that were shown in an earlier handshake} */
  private static X509TrustManager trusting(X509Certificate[] authorities)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    for (int i = 0; i < authorities.length; i++) {
      store.setCertificateEntry("authority-" + i, authorities[i]);
    }
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(store);
    return (X509TrustManager) factory.getTrustManagers()[0]; // the one of X.509 that PKIX makes
  }

  private static void checkKeyIsPrivate(Path key) throws IOException {
    if (!key.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      return;
    }
    Set<PosixFilePermission> forOthers = EnumSet.copyOf(FOR_OTHERS);
    forOthers.retainAll(Files.getPosixFilePermissions(key));
    if (!forOthers.isEmpty()) {
      throw new UnusableCertificateException(
          "the private key %s can be read or written by others: chmod 600 it".formatted(key), null);
    }
  }

  private static X509Certificate[] certificates(byte[] pem, Path path) throws IOException {
    try {
      X509Certificate[] all = CertificateUtils.getX509Certificates(new ByteArrayInputStream(pem));
      if (all.length > 0) {
        return all;
      }
    } catch (CertificateException e) {
      throw new UnusableCertificateException(
          "%s is not a PEM file of certificates: %s".formatted(path, e.getMessage()), e);
    }
    throw new UnusableCertificateException(path + " has no certificate in it", null);
  }

  private PrivateKey key(byte[] pem) throws IOException {
    try {
      return CertificateUtils.getPrivateKey(new ByteArrayInputStream(pem));
    } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
      throw new UnusableCertificateException(
          "%s is not a PEM file of a PKCS #8 key of RSA or EC; others, as RSASSA-PSS, are not taken: %s"
              .formatted(files.key(), e.getMessage()),
          e);
    }
  }

  private void checkTime(X509Certificate own) throws IOException {
    try {
      own.checkValidity();
    } catch (CertificateExpiredException e) {
      throw new UnusableCertificateException(
          "%s has expired on %s, so that the others would refuse it: make a new one"
              .formatted(files.certificate(), own.getNotAfter().toInstant()),
          e);
    } catch (CertificateNotYetValidException e) {
      throw new UnusableCertificateException(
          "%s is not valid before %s, so that the others would refuse it: look at the clock of this machine, or make a new one"
              .formatted(files.certificate(), own.getNotBefore().toInstant()),
          e);
    }
  }

  private void checkName(X509Certificate own) throws IOException {
    try {
      if (uri == null || uris(own).contains(uri)) {
        return;
      }
      throw new UnusableCertificateException(
          "%s names %s, not %s: make one for this node"
              .formatted(files.certificate(), uris(own), uri),
          null);
    } catch (CertificateParsingException e) {
      throw new UnusableCertificateException(
          files.certificate() + " has names that cannot be read: " + e.getMessage(), e);
    }
  }

  /** What the key signs, the certificate must prove. */
  private void checkKey(X509Certificate own, PrivateKey key) throws IOException {
    try {
      Signature signature = Signature.getInstance(signatureOf(key));
      signature.initSign(key);
      signature.update(files.toString().getBytes(UTF_8));
      byte[] signed = signature.sign();
      signature.initVerify(own.getPublicKey());
      signature.update(files.toString().getBytes(UTF_8));
      if (signature.verify(signed)) {
        return;
      }
    } catch (GeneralSecurityException e) {
      throw otherKey(e);
    }
    throw otherKey(null);
  }

  private static String signatureOf(PrivateKey key) {
    return key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
  }

  private UnusableCertificateException otherKey(@Nullable Throwable cause) {
    return new UnusableCertificateException(
        "%s is not the key of %s: they must be made, and replaced, together"
            .formatted(files.key(), files.certificate()),
        cause);
  }

  ServerCredentials server(ClientAuth clientAuth) {
    return TlsServerCredentials.newBuilder()
        .keyManager(keys)
        .trustManager(trust)
        .clientAuth(clientAuth)
        .build();
  }

  /** {@return what connections to others are made with} */
  SslContext channels() {
    return channels;
  }

  /** Which end of a connection shows a certificate. */
  enum Shown {
    BY_CLIENT,
    BY_SERVER
  }

  /**
   * {@return a new connection's attributes, without its TLS session if the certificate in there is
   * not trusted any more: such a connection names nobody}
   */
  Attributes checked(Attributes connection, Shown shown) {
    SSLSession session = connection.get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    if (session == null || isTrusted(session, shown)) {
      return connection;
    }
    return connection.toBuilder().discard(Grpc.TRANSPORT_ATTR_SSL_SESSION).build();
  }

  private boolean isTrusted(SSLSession session, Shown shown) {
    try {
      Certificate[] chain = session.getPeerCertificates();
      X509Certificate[] all = Arrays.copyOf(chain, chain.length, X509Certificate[].class);
      switch (shown) {
        case BY_CLIENT -> authority.checkClientTrusted(all, ANY_KEY_EXCHANGE);
        case BY_SERVER -> authority.checkServerTrusted(all, ANY_KEY_EXCHANGE);
      }
      return true;
    } catch (SSLPeerUnverifiedException | CertificateException _) {
      return false;
    }
  }

  /**
   * {@return whether the certificate at the other end has this URI among its names}
   *
   * @param session of the connection, or null if it is plain text or was not trusted
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
