package io.khonsu.distributed;

/** What a client is told of something it handed in. */
public sealed interface ClientReply {
  /** It was decided. */
  record Done(Outcome outcome) implements ClientReply {}

  /** All that a read must see is applied on this node. */
  record Current() implements ClientReply {}

  /** It surely had no effect, and never will: hand it in again later. */
  record Unavailable(String reason) implements ClientReply {}

  /** It may have been applied, or may be later: ask by {@link Submission.Resolve}. */
  record Unknown(String reason) implements ClientReply {}
}
