package io.khonsu.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.khonsu.StoreException;
import io.khonsu.TableSpec;
import io.khonsu.spi.KeyValueStore;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.Schema;
import org.junit.jupiter.api.Test;

/** A disk that fails for good, as a full one does: a node stops with the reason, and ends well. */
class FailingDiskTest {
  private final AtomicBoolean isFull = new AtomicBoolean();

  private static TableSpec spec(String name) {
    Field id = Field.notNullable("id", new ArrowType.Int(Long.SIZE, true));
    return TableSpec.rows(name, new Schema(List.of(id))).primaryKey("id");
  }

  private KeyValueStore failing(KeyValueStore disk) {
    return (KeyValueStore)
        Proxy.newProxyInstance(
            FailingDiskTest.class.getClassLoader(),
            new Class<?>[] {KeyValueStore.class},
            (_, method, arguments) -> {
              Object result = method.invoke(disk, arguments);
              if (isFull.get()) {
                throw new IOException("no room for " + method.getName());
              }
              return result;
            });
  }

  @Test
  void write_thatFails_stopsTheNode_andWhatClosingSays_belongsToIt() throws Exception {
    Nodes.Disks disks = Nodes.inMemory();
    ClusterMember member;
    Throwable cause;
    try (Nodes nodes =
        new Nodes(1, Nodes.STORE, (config, presence) -> failing(disks.open(config, presence)))) {
      member = nodes.member(1);
      var _ = member.store().createTable(spec("values"));
      isFull.set(true);
      assertThatThrownBy(() -> member.store().createTable(spec("others")))
          .isInstanceOf(StoreException.class);
      cause = member.awaitEnd();
    }
    assertThat(cause)
        .isInstanceOf(IOException.class)
        .hasMessage("no room for write")
        .hasSuppressedException(new IOException("no room for close"));
  }
}
