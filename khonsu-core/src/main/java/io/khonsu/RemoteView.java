package io.khonsu;

import io.khonsu.mvcc.Snapshot;
import org.jspecify.annotations.Nullable;

/**
 * A view of a cluster's state whose version is asked for when something is read, so that a
 * transaction that only writes asks for nothing.
 */
final class RemoteView extends ViewState {
  private final RemoteLink link;
  private @Nullable Snapshot<StoredValue> opened;

  RemoteView(OpenViews views, RemoteLink link) {
    super(Snapshot.elsewhere(0), views, views.millis());
    this.link = link;
  }

  @Override
  Snapshot<StoredValue> snapshot() {
    Snapshot<StoredValue> at = opened;
    if (at == null) {
      at = Snapshot.elsewhere(link.versions(RemoteQuestion.Newest.KNOWN_THERE).newest());
      opened = at;
    }
    return at;
  }

  @Override
  Snapshot<StoredValue> snapshotToCommit() {
    return opened != null ? opened : Snapshot.elsewhere(link.recentVersion());
  }
}
