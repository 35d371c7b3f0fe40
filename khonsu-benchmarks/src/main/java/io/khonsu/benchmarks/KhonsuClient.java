package io.khonsu.benchmarks;

import io.khonsu.Khonsu;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A client of Khonsu with default settings, by the public API. */
final class KhonsuClient implements CommitPath {
  private final KhonsuDurable table;

  KhonsuClient(ClusterSite site) {
    String nodes =
        IntStream.rangeClosed(1, site.size())
            .mapToObj(node -> site.address(KhonsuNode.door(site, node)))
            .collect(Collectors.joining(","));
    table = new KhonsuDurable(Khonsu.connect("khonsu://" + nodes));
  }

  /** It cannot say who leads: it asks one of the nodes, which passes commits on to that one. */
  @Override
  public int leader() {
    return 0;
  }

  @Override
  public void commit(int item, byte[] value) throws Exception {
    table.open().commit(item, value);
  }

  @Override
  public byte[] read(int item) {
    return CommitPath.present(item, table.read(item));
  }

  @Override
  public void close() {
    table.close();
  }
}
