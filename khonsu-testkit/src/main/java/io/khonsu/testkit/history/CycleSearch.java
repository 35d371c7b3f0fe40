package io.khonsu.testkit.history;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.Predicate;

/**
 * Finds cycles among some kinds of edges: strongly connected components tell whether there are any,
 * in linear time; a breadth-first search inside a component finds a short one to show.
 *
 * <p>The search walks over <em>states</em>, two for each node: arrived by an anti-dependency or
 * not. If adjacent anti-dependencies are forbidden, a state arrived by one has no anti-dependency
 * out. A closed walk in this graph is a cycle without adjacent anti-dependencies, the kind that
 * snapshot isolation forbids: where such a walk passes a node twice, one of its two halves is again
 * of this kind.
 */
final class CycleSearch {

  /** Whether two anti-dependencies may follow each other. */
  enum AntiDependencies {
    ANY,
    NOT_ADJACENT
  }

  /** How many edges of a component are tried in search of a short cycle. */
  private static final int TRIES_MAX = 20;

  private final DependencyGraph graph;
  private final int mask;
  private final AntiDependencies rule;
  private final int[] components;

  CycleSearch(DependencyGraph graph, int mask, AntiDependencies rule) {
    this.graph = graph;
    this.mask = mask;
    this.rule = rule;
    this.components = new Components().find();
  }

  /**
   * {@return for each component one short cycle through an edge of kind {@code through} that {@code
   * wanted} accepts, as edges; components of which no cycle was accepted are left out}
   */
  List<List<Integer>> cycles(int through, int pathMask, Predicate<List<Integer>> wanted) {
    Map<Integer, List<Integer>> best = new HashMap<>();
    Map<Integer, Integer> tries = new HashMap<>();
    for (int state = 0; state < components.length; state++) {
      for (int edge = graph.firstEdge(state >> 1); edge >= 0; edge = graph.nextEdge(edge)) {
        if ((graph.kind(edge) & through) == 0 || !within(state, edge)) {
          continue;
        }
        int component = components[state];
        if (tries.merge(component, 1, Integer::sum) > TRIES_MAX) {
          continue;
        }
        List<Integer> cycle = close(state, edge, pathMask);
        List<Integer> shortest = best.get(component);
        if (!cycle.isEmpty()
            && (shortest == null || cycle.size() < shortest.size())
            && wanted.test(cycle)) {
          best.put(component, cycle);
        }
      }
    }
    return List.copyOf(best.values());
  }

  private boolean allowed(int state, int edge) {
    int kind = graph.kind(edge);
    boolean adjacent =
        rule == AntiDependencies.NOT_ADJACENT && kind == DependencyGraph.RW && (state & 1) == 1;
    return (kind & mask) != 0 && !adjacent;
  }

  private int after(int edge) {
    boolean marked =
        rule == AntiDependencies.NOT_ADJACENT && graph.kind(edge) == DependencyGraph.RW;
    return 2 * graph.target(edge) + (marked ? 1 : 0);
  }

  private boolean within(int state, int edge) {
    return allowed(state, edge) && components[after(edge)] == components[state];
  }

  /** {@return the shortest cycle that starts at {@code state} with {@code edge}; empty if none} */
  private List<Integer> close(int state, int edge, int pathMask) {
    Map<Integer, Integer> arrivedBy = new HashMap<>();
    Map<Integer, Integer> cameFrom = new HashMap<>();
    Queue<Integer> queue = new ArrayDeque<>();
    queue.add(after(edge));
    cameFrom.put(after(edge), state);
    arrivedBy.put(after(edge), edge);
    while (!queue.isEmpty()) {
      int at = queue.remove();
      if (at == state) {
        return path(state, arrivedBy, cameFrom);
      }
      for (int e = graph.firstEdge(at >> 1); e >= 0; e = graph.nextEdge(e)) {
        if ((graph.kind(e) & pathMask) != 0 && within(at, e) && !cameFrom.containsKey(after(e))) {
          cameFrom.put(after(e), at);
          arrivedBy.put(after(e), e);
          queue.add(after(e));
        }
      }
    }
    return List.of();
  }

  private static List<Integer> path(
      int state, Map<Integer, Integer> arrivedBy, Map<Integer, Integer> cameFrom) {
    List<Integer> edges = new ArrayList<>();
    int at = state;
    do {
      edges.add(arrivedBy.getOrDefault(at, 0));
      at = cameFrom.getOrDefault(at, state);
    } while (at != state);
    return edges.reversed();
  }

  /** Tarjan's algorithm with its own stack, as histories are deeper than a thread's. */
  private final class Components {
    private final int[] component = new int[2 * graph.nodeCount()];
    private final int[] index = new int[component.length];
    private final int[] low = new int[component.length];
    private final int[] edge = new int[component.length];
    private final int[] unassigned = new int[component.length];
    private final int[] path = new int[component.length];
    private int unassignedCount;
    private int pathCount;
    private int visited;
    private int found;

    int[] find() {
      Arrays.fill(component, -1);
      for (int state = 0; state < component.length; state++) {
        if (index[state] == 0) {
          explore(state);
        }
      }
      return component;
    }

    private void explore(int root) {
      enter(root);
      while (pathCount > 0) {
        int state = path[pathCount - 1];
        int e = edge[state];
        if (e < 0) {
          leave(state);
          continue;
        }
        edge[state] = graph.nextEdge(e);
        if (!allowed(state, e)) {
          continue;
        }
        int target = after(e);
        if (index[target] == 0) {
          enter(target);
        } else if (component[target] < 0) {
          low[state] = Math.min(low[state], index[target]);
        }
      }
    }

    private void enter(int state) {
      index[state] = ++visited;
      low[state] = visited;
      edge[state] = graph.firstEdge(state >> 1);
      path[pathCount++] = state;
      unassigned[unassignedCount++] = state;
    }

    private void leave(int state) {
      pathCount--;
      if (pathCount > 0) {
        int parent = path[pathCount - 1];
        low[parent] = Math.min(low[parent], low[state]);
      }
      if (low[state] == index[state]) {
        int member;
        do {
          member = unassigned[--unassignedCount];
          component[member] = found;
        } while (member != state);
        found++;
      }
    }
  }
}
