package io.khonsu.benchmarks;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;

/** Who takes part. */
@SuppressWarnings("ImmutableEnumChecker") // nobody changes the traits, nor the makers
enum Peer {
  KHONSU_KEY("Khonsu by key", KhonsuContender::byBytes, Trait.KHONSU, Trait.RANGES, Trait.COMMUTES),
  KHONSU_KEPT(
      "Khonsu by kept key", KhonsuContender::byKeptKey, Trait.KHONSU, Trait.RANGES, Trait.COMMUTES),
  KHONSU_REF(
      "Khonsu by handle",
      KhonsuContender::byHandle,
      Trait.KHONSU,
      Trait.RANGES,
      Trait.HANDLES,
      Trait.COMMUTES),
  KHONSU_SSN(
      "Khonsu by handle, SSN",
      KhonsuContender::byHandleCertifiedBySsn,
      Trait.KHONSU,
      Trait.RANGES,
      Trait.HANDLES,
      Trait.COMMUTES),
  STRIPED("map, 4096 StampedLocks", StripedMapContender::new, Trait.LOCKS, Trait.COMMUTES),
  LOCKED("map, one RRW lock", LockedMapContender::new, Trait.LOCKS, Trait.COMMUTES),
  SCALA_REF("ScalaSTM Ref", ScalaContender::refs, Trait.HANDLES),
  SCALA_MAP("ScalaSTM TMap", ScalaContender::map),
  CLOJURE(
      "Clojure refs", ClojureContender::plain, Trait.HANDLES, Trait.COMMUTES, Trait.SNAPSHOT_ONLY),
  CLOJURE_ENSURE("Clojure refs, ensure", ClojureContender::ensuring, Trait.HANDLES, Trait.COMMUTES),
  MULTIVERSE("Multiverse TxnRef", MultiverseContender::new, Trait.HANDLES, Trait.COMMUTES),
  H2("H2 TransactionStore", H2Contender::new, Trait.RANGES, Trait.SNAPSHOT_ONLY),
  ROCKSDB("RocksDB Optimistic", RocksContender::new, Trait.RANGES, Trait.COMMUTES, Trait.PHANTOMS);

  private final String title;
  private final Function<KeyNames, Contender> maker;
  private final Set<Trait> traits;

  Peer(String title, Function<KeyNames, Contender> maker, Trait... traits) {
    this.title = title;
    this.maker = maker;
    this.traits = EnumSet.noneOf(Trait.class);
    this.traits.addAll(Set.of(traits));
  }

  /** What a peer is and can do. */
  enum Trait {
    /** It is Khonsu. */
    KHONSU,
    /** Locks by hand, no transactions: nothing to roll back, all items known beforehand. */
    LOCKS,
    /** A transaction names an item by an object that the store gave out, not by a key. */
    HANDLES,
    /** It has ranges in key order. */
    RANGES,
    /** It has an update that conflicts with no other of its kind. */
    COMMUTES,
    /** Snapshot isolation: write skew can happen. */
    SNAPSHOT_ONLY,
    /** Serializable as long as no transaction depends on a range. */
    PHANTOMS
  }

  /** {@return the name for people, with a mark if it is not serializable} */
  String title() {
    return has(Trait.SNAPSHOT_ONLY) ? title + " (SI)" : title;
  }

  /** {@return the name as options and reports have it} */
  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  boolean has(Trait trait) {
    return traits.contains(trait);
  }

  /** {@return whether it is a transactional memory other than Khonsu} */
  boolean isRival() {
    return !has(Trait.KHONSU) && !has(Trait.LOCKS);
  }

  /** {@return which Khonsu to compare this peer with} */
  Peer khonsu() {
    return has(Trait.HANDLES) ? KHONSU_REF : KHONSU_KEY;
  }

  Contender create(KeyNames names) {
    return maker.apply(names);
  }
}
