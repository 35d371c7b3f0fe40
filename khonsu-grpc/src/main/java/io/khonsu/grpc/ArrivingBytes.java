package io.khonsu.grpc;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import java.util.Objects;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells who answers a call of the bytes of its messages as they arrive, long before a message is
 * there whole.
 */
final class ArrivingBytes extends ServerStreamTracer {
  private static final Context.Key<ArrivingBytes> OF_CALL = Context.key("khonsu-arriving-bytes");

  /** Null until somebody is told; nothing is read before that. */
  private volatile @Nullable IntConsumer told;

  private ArrivingBytes() {}

  /** {@return what makes one for each call} */
  static Factory factory() {
    return new Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        return new ArrivingBytes();
      }
    };
  }

  /** Lets somebody be told, from the handler of the call. Must not block. */
  static void tell(IntConsumer of) {
    Objects.requireNonNull(OF_CALL.get(), "no call").told = of;
  }

  @Override
  public Context filterContext(Context context) {
    return context.withValue(OF_CALL, this);
  }

  @Override
  public void inboundWireSize(long bytes) {
    IntConsumer listener = told;
    if (listener != null) {
      listener.accept((int) bytes); // less than one message
    }
  }
}
