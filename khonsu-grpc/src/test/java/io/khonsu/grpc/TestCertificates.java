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
    generate(
        "-alias",
        "ca",
        "-dname",
        "CN=authority",
        "-ext",
        "bc:critical=ca:true",
        "-validity",
        "36500");
    write("ca.pem", "CERTIFICATE", List.of(keys().getCertificate("ca").getEncoded()));
  }

  /** {@return files of who has this URI as its name} */
  TlsFiles signed(String alias, String uri) throws Exception {
    return signed(alias, uri, "-1d", 36_500);
  }

  /**
   * {@return the same, valid at another time}
   *
   * @param start from now, in the way of keytool
   * @param days for how long
   */
  TlsFiles signed(String alias, String uri, String start, int days) throws Exception {
    generate(
        "-alias",
        alias,
        "-dname",
        "CN=" + alias,
        "-signer",
        "ca",
        "-ext",
        "san=uri:" + uri,
        "-startdate",
        start,
        "-validity",
        Integer.toString(days));
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

  /** {@return a new certificate, as PEM, for the key of an old one} */
  String renewed(String alias, String uri) throws Exception {
    Path request = directory.resolve(alias + ".csr");
    Path made = directory.resolve(alias + "-renewed.pem");
    keytool("-certreq", "-alias", alias, "-file", request.toString());
    keytool(
        "-gencert",
        "-rfc",
        "-alias",
        "ca",
        "-ext",
        "san=uri:" + uri,
        "-infile",
        request.toString(),
        "-outfile",
        made.toString());
    return Files.readString(made);
  }

  private KeyStore keys() throws IOException, GeneralSecurityException {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    return keys;
  }

  private void generate(String... arguments) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("-genkeypair"));
    all.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1"));
    all.addAll(List.of(arguments));
    keytool(all.toArray(String[]::new));
  }

  private void keytool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.add("-J-XX:TieredStopAtLevel=1");
    command.addAll(List.of(arguments));
    command.addAll(List.of("-keystore", store.toString(), "-storepass", PASSWORD));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException("keytool failed: " + said);
    }
  }

  private Path write(String file, String kind, List<byte[]> contents) throws IOException {
    StringBuilder pem = new StringBuilder();
    for (byte[] content : contents) {
      pem.append(pem(kind, content));
    }
    return Files.writeString(directory.resolve(file), pem);
  }

  static String pem(String kind, byte[] content) {
    String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(kind, lines, kind);
  }
}
