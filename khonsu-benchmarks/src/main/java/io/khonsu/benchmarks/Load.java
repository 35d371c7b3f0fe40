package io.khonsu.benchmarks;

import java.util.Locale;

/**
 * What is measured: which transactions, on which items. YCSB's loads are mapped to transactions of
 * four operations each on items drawn by the usual Zipf distribution.
 */
enum Load {
  /** Two reads, then their sum plus one to two other items; all items equally likely. */
  RW_UNIFORM("2 reads + 2 writes, uniform", 0, Check.PRESENT),
  /** The same, with few items taking most of the accesses. */
  RW_ZIPF("2 reads + 2 writes, zipf 0.99", 0.99, Check.PRESENT),
  /** Ten reads. */
  RO10("10 reads", 0, Check.TOTAL),
  /** One item, read and written back incremented, by everyone. */
  HOT("hot counter, read and write", 0, Check.TOTAL),
  /** The same by an operation that commutes. */
  HOT_ADD("hot counter, commuting add", 0, Check.TOTAL),
  /** Two items written and not read; always the same two together. */
  BLIND("2 blind writes", 0, Check.PAIRS),
  /** A quarter of the threads, at least one, scan; the others move units between two items. */
  SCAN("long scan beside transfers", 0, Check.TOTAL),
  /** SmallBank's six transactions; nine in ten touch a hundred customers. */
  SMALLBANK("SmallBank", 0, Check.TOTAL),
  /** Half of the operations read, half overwrite. */
  YCSB_A("YCSB A", 0.99, Check.LABELS),
  /** 19 in 20 read, the others overwrite. */
  YCSB_B("YCSB B", 0.99, Check.LABELS),
  /** All read. */
  YCSB_C("YCSB C", 0.99, Check.TOTAL),
  /** 19 in 20 read what was inserted lately, the others insert. */
  YCSB_D("YCSB D", 0.99, Check.LABELS),
  /** 19 in 20 scan up to 100 rows, the others insert. */
  YCSB_E("YCSB E", 0.99, Check.LABELS),
  /** Half of the operations read, half read and change. */
  YCSB_F("YCSB F", 0.99, Check.TOTAL);

  private final String title;
  private final double skew;
  private final Check check;

  Load(String title, double skew, Check check) {
    this.title = title;
    this.skew = skew;
    this.check = check;
  }

  /** What must hold of the items afterwards. */
  enum Check {
    /** All are there. */
    PRESENT,
    /** Their sum is what the committed transactions make of it. */
    TOTAL,
    /** The two of a pair were last written together. */
    PAIRS,
    /** Each has a value that was written to it. */
    LABELS
  }

  String title() {
    return title;
  }

  /** {@return the name as options and reports have it} */
  String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** {@return the exponent of the Zipf distribution of accesses; 0 for a uniform one} */
  double skew() {
    return skew;
  }

  Check check() {
    return check;
  }

  /** {@return why it cannot be measured with so many threads, or nothing} */
  String reasonAgainst(int threads) {
    return this == SCAN && threads < 2 ? "one thread has nothing beside it" : "";
  }

  /** {@return why a peer cannot take part, or nothing} */
  String reasonAgainst(Peer peer) {
    if (this == HOT_ADD && !peer.has(Peer.Trait.COMMUTES)) {
      return "no update that commutes";
    }
    return this == YCSB_E && !peer.has(Peer.Trait.RANGES) ? "no ranges in key order" : "";
  }

  /** {@return how many items there are room for beside the ones that are there at first} */
  int spare(int keys) {
    return this == YCSB_D || this == YCSB_E ? keys : 0;
  }

  /** {@return what a thread does} */
  Part part(int thread, int threads) {
    if (this != SCAN) {
      return Part.ALL;
    }
    return thread < Math.max(1, threads / 4) ? Part.SCANS : Part.WRITES;
  }

  /** What threads do that are measured together. */
  enum Part {
    ALL,
    WRITES,
    SCANS
  }
}
