package io.sediment.lsm.object;

import io.sediment.lsm.LaneId;
import java.util.UUID;

/**
 * Who wrote an object and as what; stands in its first 64 bytes, so that one small read tells our
 * own put from a fence or from somebody else's.
 *
 * @param incarnation incarnation of the cluster under which it was written
 * @param epoch epoch of the writing role: the lane epoch, or the compactor's
 * @param number seq of a WAL object or fence; counter of a data object
 * @param writerId drawn once per opened epoch by the writing process
 */
public record ObjectIdentity(
    SortedObjectKind kind, long incarnation, LaneId lane, long epoch, long number, UUID writerId) {}
