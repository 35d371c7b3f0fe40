/**
 * A store on several nodes: every commit is ordered by OmniPaxos, certified alike on every replica,
 * and durable on a majority before anybody is told of it.
 *
 * <p>{@link io.khonsu.distributed.DistributedCommitManager} is one node: an event loop that takes
 * messages and time, and changes its storage, its network and its store. {@link
 * io.khonsu.distributed.Cluster} runs it on a thread of its own, and on those of the network that
 * bring it frames.
 *
 * <h2>The way of a commit</h2>
 *
 * <ol>
 *   <li>The transaction's node encodes what was read and staged, gives it a number of its session,
 *       and passes it to the leader.
 *   <li>The leader puts what has gathered during its last write into one entry of the log, and
 *       draws the versions: the times of a hybrid clock, strictly increasing.
 *   <li>The entry is written and forced on a majority, and thereby decided.
 *   <li>Every replica certifies its requests in the order of the log, at the versions drawn, and
 *       installs what is accepted. A version that is not above all before is refused, not replaced:
 *       nobody but a leader draws.
 *   <li>The transaction's node answers after applying. If no answer comes, it sends the same number
 *       again; the session's record, which is part of the replicated state, keeps it from being
 *       applied twice.
 * </ol>
 *
 * <h2>What replicas agree on</h2>
 *
 * <p>All that an apply depends on is derived from the log: tables and rows, sessions with their
 * outcomes, the clock, and the watermark, before which requests may not have read. Watermark and
 * the age at which sessions end move by {@link io.khonsu.distributed.LogEntry.Tick} alone.
 */
@NullMarked
package io.khonsu.distributed;

import org.jspecify.annotations.NullMarked;
