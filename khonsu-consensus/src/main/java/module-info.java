/** OmniPaxos as a deterministic state machine. Reads no module but java.base. */
@org.jspecify.annotations.NullMarked
@SuppressWarnings("module") // the simulation is built after this module
module io.khonsu.consensus {
  requires static org.jspecify;

  exports io.khonsu.consensus;
  exports io.khonsu.consensus.wire;
  exports io.khonsu.consensus.deviation to
      io.khonsu.simulation;
}
