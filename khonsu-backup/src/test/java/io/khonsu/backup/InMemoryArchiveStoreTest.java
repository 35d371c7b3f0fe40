package io.khonsu.backup;

/** The archive that other tests use keeps the contract. */
class InMemoryArchiveStoreTest extends ArchiveStoreContract {
  private final InMemoryArchiveStore archive = new InMemoryArchiveStore();

  @Override
  ArchiveStore archive() {
    return archive;
  }
}
