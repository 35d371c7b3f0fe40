package io.khonsu;

import io.khonsu.spi.ClientNetwork;
import io.khonsu.spi.StorageRefusedException;
import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;

/** A store on other machines. Thread-safe. */
final class RemoteStore extends EngineStore {
  private final RemoteLink link;
  private final RemoteTables tables;

  private RemoteStore(StoreConfig config, @Nullable BufferAllocator allocator, RemoteLink link) {
    super(new Engine(config, null, allocator, InstantSource.system(), new RemoteOrder(link)));
    this.link = link;
    this.tables = engine().requireRemoteTables();
  }

  static Store connect(String address, StoreConfig config, @Nullable BufferAllocator allocator) {
    RemoteAddress to = RemoteAddress.parse(address);
    RemoteLink link;
    try {
      link =
          new RemoteLink(
              ClientNetwork.onClassPath().open(to.nodes(), to.settings()),
              to.nodes().size(),
              to.patience());
    } catch (StorageRefusedException e) {
      throw new OpenRefusedException(e);
    } catch (IOException e) {
      throw new StorageException("cannot connect: " + e.getMessage(), e);
    }
    boolean isOpen = false;
    try {
      RemoteStore store = new RemoteStore(config, allocator, link);
      try {
        store.tables.refresh();
        isOpen = true;
        return store;
      } finally {
        if (!isOpen) {
          store.close();
        }
      }
    } finally {
      if (!isOpen) {
        link.close();
      }
    }
  }

  @Override
  public Table createTable(TableSpec spec) {
    tables.refresh();
    return engine().createTable(spec);
  }

  @Override
  public Optional<Table> table(String name) {
    manager().views().checkOpen();
    tables.refresh();
    return engine().catalog().find(name);
  }

  @Override
  public List<Table> tables() {
    manager().views().checkOpen();
    tables.refresh();
    return engine().catalog().all();
  }

  @Override
  public void dropTable(Table table) {
    engine().dropTable(table);
  }

  @Override
  public void close() {
    link.stopAsking(); // or who is asking would keep it open until patience is over
    if (manager().views().close()) {
      engine().close();
    }
  }
}
