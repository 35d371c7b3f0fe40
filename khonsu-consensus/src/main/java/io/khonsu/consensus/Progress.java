package io.khonsu.consensus;

/** What a leader knows of one member in its ballot. */
final class Progress {
  /** How far the member has come. */
  enum State {
    /** It has not promised, or asked to be prepared again. */
    NOT_PROMISED,
    /** It promised a higher ballot. */
    PROMISED_HIGHER,
    /** It promised, and is not synchronized. */
    PROMISED,
    /** It is fetching the log, page by page. */
    SYNCHRONIZING,
    /** It takes entries as they come. */
    STREAMING
  }

  State state = State.NOT_PROMISED;

  /** What it promised with; its log, if it was newer than the leader's. */
  Message.Promise promise;

  /** How many entries it has accepted in this ballot. */
  long accepted;

  /** The first entry it was not yet sent. */
  long next;

  /** The decided index it was last told. */
  long toldDecided;

  long session;
  long counter;

  Progress(Message.Promise nothing) {
    this.promise = nothing;
  }

  boolean hasPromised() {
    return state.compareTo(State.PROMISED) >= 0;
  }

  void promised(Message.Promise message) {
    promise = message;
    state = State.PROMISED;
  }
}
