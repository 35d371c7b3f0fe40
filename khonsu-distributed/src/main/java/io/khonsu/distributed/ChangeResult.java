package io.khonsu.distributed;

/** What came of a {@link MemberChange}. */
public sealed interface ChangeResult {
  /** It was made: the new members have begun, and a majority of them has a leader. */
  record Changed(ClusterMembers members) implements ChangeResult {}

  /** Nothing has changed, nor will. */
  record Refused(Reason reason, String message) implements ChangeResult {}

  /** It may have been made, or be made later: look at the members before doing it again. */
  record Unknown(String message) implements ChangeResult {}

  /** Why nothing has changed. */
  enum Reason {
    /** Another change is under way, or came first. */
    OTHER_CHANGE,
    /** The node that was asked is no member itself, or has stopped. */
    NOT_HERE,
    /** Who is to leave is no member. */
    UNKNOWN_NODE,
    /** Who is to join is a member. */
    ALREADY_A_MEMBER,
    /** Another member has the address, or it is none. */
    BAD_ADDRESS,
    /** None would be left, or more than {@link ClusterMembers#MEMBERS_MAX}. */
    BAD_SIZE,
    /** Who is to join does not answer. */
    NOT_REACHABLE,
    /** Who is to join is of another cluster. */
    OTHER_CLUSTER,
    /** Who is to join does not wait for that, but believes to be a member. */
    NOT_JOINING,
    /** No majority of the new members can be reached, or of the present ones. */
    NO_MAJORITY
  }
}
