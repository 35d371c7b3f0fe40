package io.khonsu;

/** Whether a node of a cluster was there before, and so its disk must be. */
public enum NodePresence {
  /** The cluster begins with this node: its disk must not be there yet. */
  NEW,
  /** The node was started before: a disk that is empty, or not there, is a lost one. */
  EXISTING,
  /** The cluster is there, and a member will add the node: its disk must not be there yet. */
  JOINING
}
