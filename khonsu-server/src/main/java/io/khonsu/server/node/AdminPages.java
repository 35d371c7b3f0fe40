package io.khonsu.server.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.khonsu.distributed.ClusterMember;
import io.khonsu.distributed.NodeStatus;
import io.khonsu.grpc.GrpcTransport;
import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a node answers to who looks at it. Thread-safe. */
final class AdminPages {
  /** The event loop turns a hundred times a second; after a pause like this it hangs. */
  private static final long STALLED_MILLIS = 5_000;

  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private static final String TEXT = "text/plain; charset=utf-8";
  static final String JSON = "application/json";
  private static final String METRICS = "text/plain; version=0.0.4; charset=utf-8";

  private final ClusterMember member;
  private final GrpcTransport transport;
  private final @Nullable NodeArchive archive;
  private final InstantSource clock;
  private final @Nullable FaultPages faults;
  private final MemberPages memberPages;

  /** An answer. */
  record Page(int status, String type, String body) {
    static Page text(int status, String body) {
      return new Page(status, TEXT, body);
    }
  }

  /**
   * Makes the pages.
   *
   * @param archive null if the node does not archive
   * @param clock the node's
   * @param faults null if nobody may hurt the node
   */
  AdminPages(
      ClusterMember member,
      GrpcTransport transport,
      @Nullable NodeArchive archive,
      InstantSource clock,
      @Nullable FaultPages faults) {
    this.member = member;
    this.transport = transport;
    this.archive = archive;
    this.clock = clock;
    this.faults = faults;
    this.memberPages = new MemberPages(member);
  }

  Page answer(String method, URI uri) {
    Page fault = faults == null ? null : faults.answer(method, uri);
    if (fault != null) {
      return fault;
    }
    switch (uri.getPath()) {
      case "/members" -> {
        return method.equals("POST")
            ? memberPages.change(String.valueOf(uri.getQuery()))
            : wrongMethod("POST");
      }
      case "/leader" -> {
        return method.equals("POST") ? memberPages.lead() : wrongMethod("POST");
      }
      default -> {}
    }
    if (!method.equals("GET")) {
      return wrongMethod("GET");
    }
    return switch (uri.getPath()) {
      case "/health" -> health();
      case "/status" -> status();
      case "/metrics" -> metrics();
      default ->
          new Page(404, TEXT, "There is no " + uri.getPath() + ": /health, /metrics, /status\n");
    };
  }

  private Page metrics() {
    return new Page(
        200,
        METRICS,
        Metrics.of(member.status(), transport.links(), archive == null ? null : archive.status()));
  }

  private Page status() {
    Map<String, Object> tree = StatusTree.of(member.status(), problem());
    tree.put("warnings", warnings());
    if (archive != null) {
      tree.put("archive", archive.tree());
    }
    try {
      return new Page(200, JSON, MAPPER.writeValueAsString(tree) + "\n");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a status cannot be written as JSON", e);
    }
  }

  static Page wrongMethod(String right) {
    return new Page(405, TEXT, "Only " + right + " is answered here.\n");
  }

  private Page health() {
    String problem = problem();
    StringBuilder body = new StringBuilder(problem == null ? "ok" : problem).append('\n');
    warnings().forEach(warning -> body.append("warning: ").append(warning).append('\n'));
    return new Page(problem == null ? 200 : 503, TEXT, body.toString());
  }

  /** {@return what somebody should see to, though the node can commit} */
  private List<String> warnings() {
    return archive == null ? List.of() : archive.warnings();
  }

  /** {@return why the node cannot commit, or null if it can, as far as it knows} */
  private @Nullable String problem() {
    Throwable failure = member.manager().failure();
    if (failure != null) {
      return "the node has stopped: " + failure;
    }
    NodeStatus status = member.status();
    long ageMillis = clock.millis() - status.epochMillis();
    if (ageMillis > STALLED_MILLIS) {
      return "the node has not turned for " + ageMillis + " ms: its disk or this machine stalls";
    }
    return switch (status.membership().standing()) {
      case JOINING -> "the node waits until a member adds it";
      case REMOVED -> "the node was removed from the cluster: stop it";
      case LEAVING ->
          "the node was removed from the cluster: let it run until the others have what it has";
      case MEMBER ->
          status.leader() == 0 || !status.isLed()
              ? "no leader that reaches a majority is known"
              : null;
    };
  }
}
