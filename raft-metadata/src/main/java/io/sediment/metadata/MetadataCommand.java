package io.sediment.metadata;

/**
 * One change of the metadata, and the rule for whether it may happen.
 *
 * <p>{@code applyTo} is pure: everything it needs, ids and chance included, lies in the command or
 * in the image. Whether to act is decided there and nowhere else, since what the proposer saw may
 * be old by the time the command is committed. A command that is submitted again because its answer
 * was lost does no harm: it is refused, or does again what is harmless.
 *
 * @param <R> what an accepted command answers
 */
public sealed interface MetadataCommand<R>
    permits RegisterBroker,
        UnregisterBroker,
        RegisterLane,
        OpenLane,
        LaneOpened,
        SealLane,
        LaneSealed,
        PassSealedLane,
        DrainLane,
        MovePartitions,
        PreferLeaders,
        CreateTopics,
        DeleteTopics,
        DropDeletedTopics,
        CreatePartitions,
        AlterConfigs,
        RaiseLogStarts,
        AllocateProducerIds,
        SetFeatureLevels {
  CommandOutcome<R> applyTo(MetadataImage image);
}
