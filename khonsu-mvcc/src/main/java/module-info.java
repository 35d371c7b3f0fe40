/** Multi-version concurrency control over opaque values. Reads no module but java.base. */
@org.jspecify.annotations.NullMarked
module io.khonsu.mvcc {
  requires static org.jspecify;
  requires static com.google.errorprone.annotations;

  exports io.khonsu.mvcc;
}
