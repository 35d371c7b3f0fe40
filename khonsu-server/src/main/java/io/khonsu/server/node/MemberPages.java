package io.khonsu.server.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.khonsu.distributed.ChangeResult;
import io.khonsu.distributed.ClusterMember;
import io.khonsu.distributed.ClusterMembers;
import io.khonsu.distributed.MemberChange;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The pages by which the members of a cluster and its leader are changed. Thread-safe. */
final class MemberPages {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private static final String USAGE =
      "POST /members?add=NODE=HOST:PORT&remove=NODE, each as often as there are nodes\n";

  private final ClusterMember member;

  MemberPages(ClusterMember member) {
    this.member = member;
  }

  /** Changes the members, and waits for that. */
  AdminPages.Page change(String query) {
    Map<Long, String> added = new TreeMap<>();
    Set<Long> removed = new TreeSet<>();
    for (String part : query.split("&", -1)) {
      String[] words = part.split("=", 3);
      if (words.length < 2 || !words[1].matches("[1-9]\\d{0,17}")) {
        return AdminPages.Page.text(400, USAGE);
      }
      long node = Long.parseLong(words[1]);
      if (words.length == 3 && words[0].equals("add")) {
        if (added.put(node, words[2]) != null) {
          return AdminPages.Page.text(400, "node %d is there twice%n%s".formatted(node, USAGE));
        }
      } else if (words.length == 2 && words[0].equals("remove")) {
        removed.add(node);
      } else {
        return AdminPages.Page.text(400, USAGE);
      }
    }
    return page(member.changeMembers(new MemberChange(added, removed)));
  }

  private AdminPages.Page page(ChangeResult result) {
    Map<String, Object> tree = new LinkedHashMap<>();
    ClusterMembers members = member.status().membership().members();
    int status =
        switch (result) {
          case ChangeResult.Changed(ClusterMembers changed) -> {
            members = changed; // the status may be from before
            tree.put("result", "CHANGED");
            yield 200;
          }
          case ChangeResult.Refused(ChangeResult.Reason reason, String message) -> {
            tree.put("result", "REFUSED");
            tree.put("reason", reason.name());
            tree.put("message", message);
            yield 409;
          }
          case ChangeResult.Unknown(String message) -> {
            tree.put("result", "UNKNOWN");
            tree.put("message", message);
            yield 503;
          }
        };
    tree.put("members", StatusTree.members(members));
    return json(status, tree);
  }

  /** Makes the node the leader, and waits for that. */
  AdminPages.Page lead() {
    boolean leads = member.lead();
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("node", member.status().node());
    tree.put("leads", leads);
    return json(leads ? 200 : 503, tree);
  }

  private static AdminPages.Page json(int status, Map<String, Object> tree) {
    try {
      return new AdminPages.Page(status, AdminPages.JSON, MAPPER.writeValueAsString(tree) + "\n");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an answer cannot be written as JSON", e);
    }
  }
}
