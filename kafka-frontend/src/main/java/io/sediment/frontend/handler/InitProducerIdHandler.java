package io.sediment.frontend.handler;

import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * Gives idempotent producers their ids. Transactional ones need a coordinator, which is not there:
 * they get the error of a cluster whose coordinator is away.
 */
final class InitProducerIdHandler
    implements ApiHandler<InitProducerIdRequestData, InitProducerIdResponseData> {
  private static final int NONE = -1;

  private final ProducerIds ids;

  InitProducerIdHandler(ProducerIds ids) {
    this.ids = ids;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.INIT_PRODUCER_ID;
  }

  @Override
  public CompletableFuture<InitProducerIdResponseData> handle(
      RequestContext context, InitProducerIdRequestData request) {
    String transactionalId = request.transactionalId();
    if ((request.producerId() == NONE) != (request.producerEpoch() == NONE)) {
      return CompletableFuture.completedFuture(
          new InitProducerIdResponseData().setErrorCode(Errors.INVALID_REQUEST.code()));
    }
    if (transactionalId != null) {
      return CompletableFuture.completedFuture(
          new InitProducerIdResponseData()
              .setErrorCode(
                  transactionalId.isEmpty()
                      ? Errors.INVALID_REQUEST.code()
                      : Errors.COORDINATOR_NOT_AVAILABLE.code()));
    }
    return ids.draw()
        .thenApply(
            id -> new InitProducerIdResponseData().setProducerId(id).setProducerEpoch((short) 0));
  }
}
