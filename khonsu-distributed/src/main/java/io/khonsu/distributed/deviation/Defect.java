package io.khonsu.distributed.deviation;

/** A mistake that a node makes on purpose. */
public enum Defect {
  /** Outcomes are forgotten, so what is sent twice is applied twice. */
  FORGET_OUTCOMES,
  /** A checkpoint brings back the rows, but not who has committed. */
  SESSIONS_NOT_RESTORED,
  /** With the commits that a base stands for go those after it. */
  TRIM_PAST_BASE,
  /** Each replica draws the versions itself, from its own clock, when it applies. */
  LOCAL_CLOCK_AT_APPLY,
  /** Each replica moves the watermark by its own clock. */
  LOCAL_WATERMARK,
  /** Nothing is forced to the medium before others hear of it. */
  NO_SYNC,
  /** Reads are served without asking whether another leader has decided more. */
  READ_WITHOUT_ASKING,
  /** A commit is answered by who leads before it is decided. */
  ANSWER_BEFORE_DECIDED,
  /** A commit that got no answer in time is said to have failed. */
  TIMEOUT_MEANS_FAILED
}
