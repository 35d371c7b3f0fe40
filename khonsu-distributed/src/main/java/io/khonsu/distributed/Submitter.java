package io.khonsu.distributed;

import io.khonsu.ReplicatedStore;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What this node wants in the log and has no outcome of yet. It is sent again and again, until it
 * comes back or its time is over. Event loop only.
 */
final class Submitter {
  /** What a submission's owner is told, once. */
  interface Owner {
    /** It was decided. */
    void decided(Outcome outcome);

    /** No outcome came in time. */
    void gaveUp(Sent sent);
  }

  /** Whether somebody may have a copy of a submission. */
  enum Sent {
    /** Nobody has: it never comes into the log. */
    NEVER,
    /** It may come into the log at any time. */
    MAYBE
  }

  private static final class Pending {
    private final Submission submission;
    private final Owner owner;
    private final long deadlineNanos;
    private long sentNanos;
    private boolean isDue = true;
    private boolean wasSentAgain;
    private Sent sent = Sent.NEVER;

    private Pending(Submission submission, Owner owner, long deadlineNanos) {
      this.submission = submission;
      this.owner = owner;
      this.deadlineNanos = deadlineNanos;
    }
  }

  private final long resendNanos;
  private final Map<Object, Pending> pending = new LinkedHashMap<>();

  Submitter(long resendNanos) {
    this.resendNanos = resendNanos;
  }

  /**
   * Adds a submission; another owner of an equal one is told that it was given up. What was sent
   * for that one may still come into the log.
   */
  void add(Submission submission, long deadlineNanos, Owner owner) {
    Pending next = new Pending(submission, owner, deadlineNanos);
    Pending former = pending.put(submission.identity(), next);
    if (former != null) {
      next.sent = former.sent;
      former.owner.gaveUp(Sent.MAYBE);
    }
  }

  /** {@return how many submissions have no outcome yet} */
  int count() {
    return pending.size();
  }

  /** {@return what is to be sent now; what is sent must be {@link #sent noted}} */
  List<Submission> due(long nowNanos) {
    List<Submission> due = new ArrayList<>();
    for (Pending each : pending.values()) {
      if (each.isDue || nowNanos - each.sentNanos >= resendNanos) {
        due.add(each.submission);
      }
    }
    return due;
  }

  /** Notes that submissions are on their way. */
  void sent(List<Submission> submissions, long nowNanos) {
    for (Submission submission : submissions) {
      Pending each = tried(submission, nowNanos);
      if (each != null) {
        each.sent = Sent.MAYBE;
      }
    }
  }

  /** Notes that submissions could not be sent now, and are to be tried again in a while. */
  void postponed(List<Submission> submissions, long nowNanos) {
    for (Submission submission : submissions) {
      var _ = tried(submission, nowNanos);
    }
  }

  private @Nullable Pending tried(Submission submission, long nowNanos) {
    Pending each = pending.get(submission.identity());
    if (each != null) {
      each.isDue = false;
      each.sentNanos = nowNanos;
    }
    return each;
  }

  /** Lets all be sent again, as somebody else leads. */
  void sendAllAgain() {
    pending.values().forEach(each -> each.isDue = true);
  }

  /**
   * Takes what came of a submission, of whomever. If somebody has asked for the outcome of a commit
   * that waits here, this is it: whatever was sent of the commit, it comes too late now.
   */
  void decided(Submission submission, Outcome outcome) {
    decided(submission.identity(), outcome);
    boolean isKnown = !(outcome instanceof Outcome.Again);
    if (isKnown && submission instanceof Submission.Resolve(long commitId)) {
      decided(new Submission.CommitIdentity(commitId), outcome);
    }
  }

  /** Says that commits were decided before they are: a mistake to make on purpose. */
  void answerEarly(LogEntry.Batch batch) {
    for (Submission submission : batch.submissions()) {
      if (submission instanceof Submission.Commit) {
        byte[] answer = ReplicatedStore.committedAnswer(batch.firstVersion());
        decided(submission, new Outcome.Decided(answer));
      }
    }
  }

  private void decided(Object identity, Outcome outcome) {
    Pending each = pending.get(identity);
    if (each == null) {
      return;
    }
    if (outcome instanceof Outcome.Again) {
      each.isDue = !each.wasSentAgain; // then only after a while: its session may be full
      each.wasSentAgain = true;
    } else {
      pending.remove(identity);
      each.owner.decided(outcome);
    }
  }

  /**
   * Looks for outcomes in sessions that were taken over as they are, without their entries. Of
   * sessions that were opened later the entries are still to come.
   */
  void settle(Sessions sessions) {
    for (Pending each : List.copyOf(pending.values())) {
      if (each.submission instanceof Submission.Commit commit
          && sessions.wasOpened(CommitIds.session(commit.commitId()))) {
        Outcome outcome = sessions.find(commit.commitId());
        if (outcome instanceof Outcome.NoSession && each.sent == Sent.MAYBE) {
          pending.remove(commit.identity());
          each.owner.gaveUp(Sent.MAYBE); // what the session did is forgotten
        } else if (outcome != null) {
          decided(commit, outcome);
        }
      }
    }
  }

  /** Gives up what has waited for too long. */
  void expire(long nowNanos) {
    List<Pending> late = new ArrayList<>();
    Iterator<Pending> all = pending.values().iterator();
    while (all.hasNext()) {
      Pending each = all.next();
      if (nowNanos - each.deadlineNanos >= 0) {
        all.remove();
        late.add(each);
      }
    }
    late.forEach(each -> each.owner.gaveUp(each.sent));
  }

  /** Gives up everything. */
  void close() {
    List<Pending> all = List.copyOf(pending.values());
    pending.clear();
    all.forEach(each -> each.owner.gaveUp(each.sent));
  }
}
