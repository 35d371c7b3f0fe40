/**
 * OmniPaxos as a deterministic state machine: several replicas agree on one sequence of entries.
 *
 * <p>A {@link io.khonsu.consensus.Replica} is told what happened ({@link
 * io.khonsu.consensus.Input}) and answers what to do ({@link io.khonsu.consensus.Output}). Time
 * comes in as ticks. A driver owns the thread, the network and the storage; many replicas may share
 * one thread.
 *
 * <h2>The protocol</h2>
 *
 * <p><b>Election.</b> Every election timeout a member asks all others how they are. It is
 * <em>happy</em> if it leads a quorum or hears a happy leader, and takes over only if it is not,
 * hears a prepare quorum, and nobody it hears is happy. Only whom one hears is followed, never whom
 * others follow. So a leader is found as long as any member hears a quorum, whatever links are cut
 * and in whichever direction, and a cluster with a leader that works is not disturbed by those that
 * cannot hear it. Elections look at no log, and decide nothing about safety.
 *
 * <p><b>Sequence Paxos.</b> A ballot begins with Prepare: members promise to accept nothing from
 * lower ones, and say how long their log is and in which ballot it was accepted. From a prepare
 * quorum the leader takes the log of the highest such ballot, the longest of these, and makes every
 * follower's log equal to it (AcceptSync). Then it appends: AcceptDecide carries entries, Accepted
 * answers how long the log is, and what an accept quorum has is decided. A log accepted in a ballot
 * is always a prefix of its leader's log in that ballot; everything rests on this.
 *
 * <p><b>Sessions.</b> Each AcceptSync opens a session, and each message after it carries the next
 * number and the index at which its entries belong. What is lost, doubled or overtaken is thereby
 * noticed, and repaired by preparing that follower again. A leader whose follower is silent, or
 * behind, numbers a Decide for it from time to time, so that also the loss of a last message shows.
 *
 * <p><b>Reconfiguration.</b> The last entry of a configuration is its {@link
 * io.khonsu.consensus.StopSign}, which names the next. Who decides it enters the next configuration
 * in the same step and one write; the log goes on, with the same indices. Who missed it hears of it
 * from anybody whom it asks anything, pulls what was decided, from several replicas at once, and
 * enters with all of it. If a snapshot brought more, which the new configuration has decided, it
 * promises there what its sources have promised: what is decided in a ballot must not go on with
 * the log of a lower one. A member that still votes in the old configuration keeps its log until
 * then: it may be the only witness of how the configuration ended. Removed replicas go on telling
 * the new members until a quorum has arrived, and report {@link io.khonsu.consensus.Event.Retired}.
 *
 * <p><b>Compaction.</b> Each replica drops what a snapshot of its own stands for, whenever it
 * likes; without a snapshot, the leader may drop what every member has decided. Who needs what is
 * gone gets the snapshot, complete or as a delta from what it has decided, in chunks that it asks
 * for.
 *
 * <p><b>Reads.</b> The leader notes how much is decided, lets an accept quorum confirm that it has
 * promised nothing higher, and the read may be served when so much is applied. A new leader waits
 * until all that it took over is decided again: an earlier one may have told clients of more.
 *
 * <h2>States</h2>
 *
 * <table>
 * <caption>What a replica is, and how it leaves that state</caption>
 * <tr><th>role, phase</th><th>meaning</th><th>leaves by</th></tr>
 * <tr><td>FOLLOWER, NONE</td><td>promised nothing in this configuration</td><td>Prepare; own ballot</td></tr>
 * <tr><td>FOLLOWER, PREPARE</td><td>promised; waits for, or fetches, the leader's log</td><td>AcceptSync applied</td></tr>
 * <tr><td>FOLLOWER, ACCEPT</td><td>appends what comes in order</td><td>a gap; Prepare; own ballot</td></tr>
 * <tr><td>FOLLOWER, RECOVER</td><td>restarted or missed something, asks to be prepared</td><td>Prepare; own ballot</td></tr>
 * <tr><td>LEADER, PREPARE</td><td>collects promises, fetches the newest log</td><td>a quorum; a higher Prepare</td></tr>
 * <tr><td>LEADER, ACCEPT</td><td>appends and decides</td><td>a higher Prepare; a decided stop-sign</td></tr>
 * <tr><td>PASSIVE</td><td>is no member: joins, or was removed</td><td>a configuration that lists it</td></tr>
 * <tr><td>any, FAILED</td><td>its storage failed</td><td>reopening it</td></tr>
 * </table>
 *
 * <h2>Durability</h2>
 *
 * <p>Memory runs ahead of storage within a step; nothing that depends on it leaves before. {@link
 * io.khonsu.consensus.Output#sendAfterPersist} waits for the write of its own output and of all
 * earlier ones; a driver may therefore take many steps, force all their writes at once, then send.
 *
 * <ul>
 *   <li>A promise is durable before Prepare or Promise leaves.
 *   <li>A log that was synchronized, the ballot of its acceptance, snapshot and decided index are
 *       one write, durable before Accepted leaves. A long synchronization is gathered beside the
 *       log and applied whole: half of it with the new ballot could outvote decided entries.
 *   <li>Appended entries are durable before Accepted leaves, and before the leader counts itself.
 *       The leader sends them, and AcceptSync, without waiting for its own disk: what it did not
 *       store it does not count, and after a crash it never resumes its ballot.
 *   <li>A configuration and what leads up to it are durable before Arrived tells of it: a replica
 *       that was removed may go then.
 *   <li>The decided index rides on other writes. A restart finds out what is missing, from the
 *       promises of the others and by deciding again.
 *   <li>A storage that failed ends the replica. One that was lost ends the {@link
 *       io.khonsu.consensus.Member}: the node joins under another incarnation and is voted in.
 * </ul>
 *
 * <h2>Differences from the paper and from other implementations</h2>
 *
 * <ul>
 *   <li>The log continues over configurations, and the stop-sign is an entry in it. No index has to
 *       be corrected for it, and no second storage be opened.
 *   <li>Ballots are ordered by configuration first, and every message names its configuration.
 *   <li>Messages are cut from the log when they are sent, never extended afterwards, and carry
 *       their start index. An entry cannot slip behind a synchronization.
 *   <li>Promise and AcceptSync carry at most one page; the receiver fetches the rest. Snapshots are
 *       named, not carried.
 *   <li>Only the leader batches. Followers, too, would double the wait.
 *   <li>A synchronization never lowers the decided index, never shrinks a log within its ballot,
 *       never rewrites what is decided, and old ones are known by their session.
 *   <li>Trimming is bounded by what all have decided, as their heartbeats tell of their disks.
 *   <li>A leader rises above the ballot of a member that is stuck with a dead one.
 *   <li>Proposals behind a stop-sign are rejected, so that their owner proposes them again.
 * </ul>
 *
 * <h2>Caveats</h2>
 *
 * <ul>
 *   <li>A proposal may be lost with a message or a leader, and may be decided after its owner gave
 *       it up. Give entries ids, propose again, and drop doubles when applying.
 *   <li>The whole uncompacted log is in memory, up to {@link
 *       io.khonsu.consensus.ReplicaOptions.Limits#logBytesMax}: take snapshots when {@link
 *       io.khonsu.consensus.Event.SnapshotWanted} asks for them. A follower that is slow or dead
 *       holds nothing back: it gets the snapshot later.
 *   <li>An election timeout must be longer than round trip, forced write and pause together.
 *   <li>A member that slept while all the others were replaced and shut down finds nobody, and
 *       nobody looks for it. It decides nothing, and learns where the cluster went from seeds, if
 *       {@link io.khonsu.consensus.Input.Join} names some.
 *   <li>Replicas trust each other; a driver refuses strangers. A message that lies ends no replica,
 *       but members that lie can make others decide differently.
 * </ul>
 */
@NullMarked
package io.khonsu.consensus;

import org.jspecify.annotations.NullMarked;
