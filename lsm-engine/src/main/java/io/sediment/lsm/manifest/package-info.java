/**
 * What a lane consists of: the manifest names every object that counts, and each change of it is
 * one conditional put of the next id.
 *
 * <p>A {@link io.sediment.lsm.manifest.ManifestEdit} says purely what changes, {@link
 * io.sediment.lsm.manifest.ManifestInvariants} refuse what would lose data before it is attempted,
 * {@link io.sediment.lsm.manifest.ManifestStore} does the compare-and-set and resolves its
 * ambiguous ends. Nothing here lists.
 *
 * <p>Ids are dense above the lane's boundary; at or below it objects may be gone, or be there again
 * (a stalled writer can create an id that was deleted). So nobody believes a commit before having
 * read a boundary below its id. The idea is SlateDB's (RFC 0026) and OSWALD's.
 */
@NullMarked
package io.sediment.lsm.manifest;

import org.jspecify.annotations.NullMarked;
