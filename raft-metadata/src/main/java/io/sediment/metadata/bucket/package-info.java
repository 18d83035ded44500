/**
 * What metadata keeps in the bucket: who owns it, which lanes there are, and an export of every
 * committed change.
 *
 * <p>All of it is dense numbered objects that are created once and never changed, so that the
 * newest is found by probing upwards and never by a listing, and so that two writers meet at the
 * same number, where one of them loses. A rebirth ends a register of the incarnation before it by
 * putting a fence at its first gap: whoever comes late finds the fence and halts.
 *
 * <p>Everything here speaks to the object store alone and never blocks; continuations run on the
 * store's threads.
 */
@NullMarked
package io.sediment.metadata.bucket;

import org.jspecify.annotations.NullMarked;
