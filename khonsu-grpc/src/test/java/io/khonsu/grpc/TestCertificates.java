package io.khonsu.grpc;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** An authority, and certificates that it signs, made with the JDK's keytool. */
final class TestCertificates {
  private static final String PASSWORD = "changeit";

  private final Path directory;
  private final Path store;

  TestCertificates(Path directory) throws Exception {
    this.directory = directory;
    this.store = directory.resolve("all.p12");
    Files.createDirectories(directory);
    keytool("-alias", "ca", "-dname", "CN=authority", "-ext", "bc:critical=ca:true");
    write("ca.pem", "CERTIFICATE", List.of(keys().getCertificate("ca").getEncoded()));
  }

  /** {@return files of who has this URI as its name} */
  TlsFiles signed(String alias, String uri) throws Exception {
    keytool("-alias", alias, "-dname", "CN=" + alias, "-signer", "ca", "-ext", "san=uri:" + uri);
    List<byte[]> chain = new ArrayList<>();
    for (Certificate each : keys().getCertificateChain(alias)) {
      chain.add(each.getEncoded());
    }
    Path certificate = write(alias + ".pem", "CERTIFICATE", chain);
    byte[] key = keys().getKey(alias, PASSWORD.toCharArray()).getEncoded();
    Path keyFile = write(alias + "-key.pem", "PRIVATE KEY", List.of(key));
    Files.setPosixFilePermissions(keyFile, PosixFilePermissions.fromString("rw-------"));
    return new TlsFiles(certificate, keyFile, directory.resolve("ca.pem"));
  }

  private KeyStore keys() throws IOException, GeneralSecurityException {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    return keys;
  }

  private void keytool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-J-XX:TieredStopAtLevel=1", "-genkeypair"));
    command.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1", "-validity", "36500"));
    command.addAll(List.of("-keystore", store.toString(), "-storepass", PASSWORD));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException("keytool failed: " + said);
    }
  }

  private Path write(String file, String kind, List<byte[]> contents) throws IOException {
    StringBuilder pem = new StringBuilder();
    for (byte[] content : contents) {
      String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
      pem.append("-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(kind, lines, kind));
    }
    return Files.writeString(directory.resolve(file), pem);
  }
}
