package io.sediment.metadata;

/** Gives a broker a block of producer ids that nobody else will ever get. */
public record AllocateProducerIds(int broker, long brokerEpoch, int count)
    implements MetadataCommand<AllocateProducerIds.Block> {
  public static final int COUNT_MAX = 100_000;

  /** Producer ids {@code [first, first + count)}. */
  public record Block(long first, int count) {}

  @Override
  public CommandOutcome<Block> applyTo(MetadataImage image) {
    CommandOutcome<Block> refusal = image.refusalOf(broker, brokerEpoch);
    if (refusal != null) {
      return refusal;
    }
    long first = image.nextProducerId();
    if (count < 1 || count > COUNT_MAX || first > Long.MAX_VALUE - count) {
      return CommandOutcome.rejected(
          image, RejectionCode.INVALID_REQUEST, "producer ids: count=" + count + " next=" + first);
    }
    return CommandOutcome.accepted(
        image, image.edit().nextProducerId(first + count), new Block(first, count));
  }
}
