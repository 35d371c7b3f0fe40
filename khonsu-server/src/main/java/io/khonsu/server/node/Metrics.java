package io.khonsu.server.node;

import io.khonsu.backup.ArchiverStatus;
import io.khonsu.distributed.NodeStatus;
import io.khonsu.grpc.LinkStatus;
import java.util.List;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A node's status in the <a
 * href="https://prometheus.io/docs/instrumenting/exposition_formats/">text format of
 * Prometheus</a>.
 */
final class Metrics {
  private final StringBuilder text = new StringBuilder();

  private Metrics() {}

  /** {@return all; {@code archive} is null if the node archives nothing} */
  static String of(NodeStatus status, List<LinkStatus> links, @Nullable ArchiverStatus archive) {
    Metrics metrics = new Metrics();
    metrics.consensus(status);
    metrics.peers(status.peers());
    metrics.counts(status.counts());
    metrics.queues(status.queues());
    metrics.links(links);
    if (archive != null) {
      metrics.archive(archive);
    }
    return metrics.text.toString();
  }

  private void consensus(NodeStatus status) {
    NodeStatus.Consensus consensus = status.consensus();
    gauge("consensus_leader", "The node that seems to lead, or 0.", status.leader());
    gauge("consensus_is_leader", "1 if this node leads.", status.leader() == status.node() ? 1 : 0);
    gauge(
        "consensus_has_leader",
        "1 if a leader is known that reaches a majority.",
        status.leader() != 0 && status.isLed() ? 1 : 0);
    gauge(
        "consensus_ballot_number",
        "The number of the highest ballot promised.",
        consensus.ballotNumber());
    gauge("consensus_decided_index", "Entries decided.", consensus.decidedIndex());
    gauge("consensus_accepted_index", "Entries accepted.", consensus.acceptedIndex());
    gauge("consensus_durable_index", "Entries on disk.", consensus.durableIndex());
    gauge("consensus_applied_index", "Entries applied.", status.appliedIndex());
    gauge("consensus_compacted_index", "The first entry kept.", consensus.compactedIndex());
    gauge(
        "consensus_snapshot_index", "Entries in the newest checkpoint.", consensus.snapshotIndex());
    gauge("consensus_log_bytes", "Bytes of entries kept in memory.", consensus.logBytes());
    gauge("sessions", "Sessions that are open.", status.sessions());
  }

  private void peers(List<NodeStatus.Peer> peers) {
    family("consensus_peer_connected", "gauge", "1 if the node answered the last heartbeat.");
    peers.forEach(
        peer -> peer("consensus_peer_connected", peer.node(), peer.isConnected() ? 1 : 0));
    family(
        "consensus_peer_lag_entries", "gauge", "Entries here that the node is not known to have.");
    peers.forEach(peer -> peer("consensus_peer_lag_entries", peer.node(), peer.lag()));
  }

  private void counts(NodeStatus.Counts counts) {
    counter("commits_total", "Requests applied and accepted.", counts.commits());
    counter("aborts_total", "Requests applied and refused.", counts.aborts());
    counter(
        "snapshots_installed_total",
        "States taken over from other nodes.",
        counts.snapshotsInstalled());
    counter(
        "snapshots_refused_total",
        "States of other nodes that were bad, and thrown away.",
        counts.snapshotsRefused());
    counter("ballots_led_total", "Ballots that this node began.", counts.ballotsLed());
    counter("refused_messages_total", "Messages of other clusters or forms.", counts.refused());
  }

  private void queues(NodeStatus.Queues queues) {
    gauge("queue_submissions", "Commits of this node without an outcome.", queues.submissions());
    gauge("queue_reads", "Reads of this node that wait.", queues.reads());
    gauge("queue_batching", "Commits that wait at the leader.", queues.batching());
    gauge("queue_batching_bytes", "Their size.", queues.batchingBytes());
    gauge("queue_inbox_bytes", "Messages not looked at.", queues.inboxBytes());
  }

  private void links(List<LinkStatus> links) {
    link(
        links,
        "link_connected",
        "gauge",
        "1 if there is a session.",
        link -> link.isConnected() ? 1 : 0);
    link(links, "link_sessions_total", "counter", "Sessions opened.", LinkStatus::sessions);
    link(links, "link_sent_frames_total", "counter", "Frames sent.", LinkStatus::framesSent);
    link(links, "link_sent_bytes_total", "counter", "Their bytes.", LinkStatus::bytesSent);
    link(
        links,
        "link_dropped_frames_total",
        "counter",
        "Frames lost here.",
        LinkStatus::framesDropped);
    link(links, "link_queued_bytes", "gauge", "Bytes that wait.", LinkStatus::queuedBytes);
  }

  private void archive(ArchiverStatus status) {
    gauge(
        "archive_is_running",
        "1 if the archive could be written when it was last tried.",
        status.state() == ArchiverStatus.State.RUNNING ? 1 : 0);
    gauge("archive_version", "The newest version archived.", status.archivedVersion());
    gauge(
        "archive_lag_milliseconds",
        "How long the oldest commit that is not archived has waited.",
        status.lag().toMillis());
    gauge(
        "archive_step_milliseconds",
        "How long the archive has not answered.",
        status.stepTime().toMillis());
    gauge("archive_failures", "Attempts failed one after another.", status.failures());
  }

  private void link(
      List<LinkStatus> links,
      String name,
      String type,
      String help,
      ToLongFunction<LinkStatus> value) {
    family(name, type, help);
    links.forEach(link -> peer(name, link.peer().node(), value.applyAsLong(link)));
  }

  private void gauge(String name, String help, long value) {
    family(name, "gauge", help);
    text.append("khonsu_").append(name).append(' ').append(value).append('\n');
  }

  private void counter(String name, String help, long value) {
    family(name, "counter", help);
    text.append("khonsu_").append(name).append(' ').append(value).append('\n');
  }

  private void family(String name, String type, String help) {
    text.append("# HELP khonsu_").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE khonsu_").append(name).append(' ').append(type).append('\n');
  }

  private void peer(String name, long node, long value) {
    text.append("khonsu_").append(name).append("{peer=\"").append(node).append("\"} ");
    text.append(value).append('\n');
  }
}
