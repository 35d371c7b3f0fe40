package io.khonsu.benchmarks;

import java.util.Locale;

/** Who takes part. */
enum Peer {
  KHONSU_KEY(Access.KEY, "Khonsu by key"),
  KHONSU_KEPT(Access.KEY, "Khonsu by kept key"),
  KHONSU_REF(Access.HANDLE, "Khonsu refs"),
  KHONSU_SSN(Access.HANDLE, "Khonsu refs, SSN"),
  STRIPED(Access.KEY, "map, 4096 StampedLocks"),
  LOCKED(Access.KEY, "map, one RRW lock"),
  SCALA_REF(Access.HANDLE, "ScalaSTM Ref"),
  SCALA_MAP(Access.KEY, "ScalaSTM TMap"),
  CLOJURE(Access.HANDLE, "Clojure refs (SI)"),
  CLOJURE_ENSURE(Access.HANDLE, "Clojure refs, ensure"),
  H2(Access.KEY, "H2 TransactionStore (SI)");

  /** How a transaction names an item. */
  enum Access {
    KEY,
    HANDLE
  }

  private final Access access;
  private final String title;

  Peer(Access access, String title) {
    this.access = access;
    this.title = title;
  }

  String title() {
    return title;
  }

  /** {@return the name as options and reports have it} */
  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** {@return which Khonsu to compare this peer with} */
  Peer khonsu() {
    return access == Access.KEY ? KHONSU_KEY : KHONSU_REF;
  }

  Contender create(KeyNames names) {
    return switch (this) {
      case KHONSU_KEY -> KhonsuContender.byBytes(names);
      case KHONSU_KEPT -> KhonsuContender.byKeptKey(names);
      case KHONSU_REF -> KhonsuContender.byHandle(names);
      case KHONSU_SSN -> KhonsuContender.byHandleCertifiedBySsn(names);
      case STRIPED -> new StripedMapContender(names);
      case LOCKED -> new LockedMapContender(names);
      case SCALA_REF -> ScalaContender.refs(names);
      case SCALA_MAP -> ScalaContender.map(names);
      case CLOJURE -> ClojureContender.plain(names);
      case CLOJURE_ENSURE -> ClojureContender.ensuring(names);
      case H2 -> new H2Contender(names);
    };
  }
}
