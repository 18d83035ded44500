/**
 * What nobody can reach any more is deleted. {@link io.sediment.lsm.gc.GarbagePolicy} says purely
 * what that is, {@link io.sediment.lsm.gc.GarbageCollector} lists and deletes.
 *
 * <p>No clock decides: an object is garbage when no retained manifest names it and its number says
 * that no later one ever will. So a pass may be interrupted, repeated, delayed for a week or run by
 * two processes at once, and still deletes nothing that counts. Fences are never deleted: each
 * keeps a writer that slept from acknowledging into a closed epoch.
 *
 * <p>Listings are hints. One that leaves objects out costs a later pass; one that shows deleted
 * objects costs a needless delete.
 */
@NullMarked
package io.sediment.lsm.gc;

import org.jspecify.annotations.NullMarked;
