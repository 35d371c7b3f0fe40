/**
 * Point-in-time recovery: the commit log of a store is archived without a pause, base backups are
 * taken while it runs, and from both a store of any moment is restored.
 *
 * <p>Begin at {@link io.khonsu.backup.Backups}, which opens an archive, and {@link
 * io.khonsu.backup.Archiver}, which fills it. An archive is a set of named objects in an {@link
 * io.khonsu.backup.ArchiveStore}; each object is written once and never changed:
 *
 * <pre>
 *   archive                                        which store it is of
 *   t0001/timeline                                 where this history comes from
 *   t0001/shard-00/log/NUMBER-AFTER-LAST.seg       transactions after AFTER, up to LAST
 *   t0001/shard-00/log/NUMBER-AFTER-LAST.partial   the beginning of a segment still being filled
 *   t0001/shard-00/base/VERSION                    manifest of a base backup
 *   points/NAME                                    a named version
 *   objects/SHA256                                 a file of base backups, by content
 * </pre>
 */
@NullMarked
package io.khonsu.backup;

import org.jspecify.annotations.NullMarked;
