package io.khonsu.server.node;

import io.khonsu.grpc.GrpcTransport;
import io.khonsu.grpc.LinkFault;
import io.khonsu.server.node.AdminPages.Page;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** By what a node can be hurt, if it allows that. Thread-safe. */
final class FaultPages {
  private static final Pattern LINK = Pattern.compile("(\\d{1,18})=(\\w+)");
  private static final Pattern CLOCK = Pattern.compile("aheadMillis=(-?\\d{1,12})");

  private final GrpcTransport transport;
  private final SteppedClock clock;

  FaultPages(GrpcTransport transport, SteppedClock clock) {
    this.transport = transport;
    this.clock = clock;
  }

  /** {@return the answer, or null if the page is none of these} */
  @Nullable Page answer(String method, URI uri) {
    String page = uri.getPath();
    if (!page.equals("/faults") && !page.equals("/clock")) {
      return null;
    }
    if (!method.equals("POST")) {
      return AdminPages.wrongMethod("POST");
    }
    String query = String.valueOf(uri.getQuery());
    return page.equals("/faults") ? breakLink(query) : setClock(query);
  }

  /** Takes {@code NODE=FAULT}. */
  private Page breakLink(String query) {
    Matcher parts = LINK.matcher(query);
    List<String> known = Arrays.stream(LinkFault.values()).map(LinkFault::name).toList();
    if (!parts.matches() || !known.contains(parts.group(2))) {
      return Page.text(400, "POST /faults?NODE=FAULT, a fault of " + known + "\n");
    }
    try {
      transport.setFault(Long.parseLong(parts.group(1)), LinkFault.valueOf(parts.group(2)));
      return Page.text(200, "ok\n");
    } catch (IllegalArgumentException e) {
      return Page.text(400, e.getMessage() + "\n");
    }
  }

  /** Takes {@code aheadMillis=N}. */
  private Page setClock(String query) {
    Matcher parts = CLOCK.matcher(query);
    if (!parts.matches()) {
      return Page.text(
          400, "POST /clock?aheadMillis=N: how far ahead, or with - behind; at most 12 digits\n");
    }
    clock.setAhead(Long.parseLong(parts.group(1)));
    return Page.text(200, "ok\n");
  }
}
