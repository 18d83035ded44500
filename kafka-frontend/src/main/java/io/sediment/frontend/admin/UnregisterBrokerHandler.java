package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CommandResult.Done;
import io.sediment.metadata.CommandResult.Rejected;
import io.sediment.metadata.RejectionCode;
import io.sediment.metadata.UnregisterBroker;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.UnregisterBrokerRequestData;
import org.apache.kafka.common.message.UnregisterBrokerResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** Forgets a broker that will not come back; one that is at work is refused. */
final class UnregisterBrokerHandler
    implements ApiHandler<UnregisterBrokerRequestData, UnregisterBrokerResponseData> {
  private final ClusterMetadata metadata;

  UnregisterBrokerHandler(ClusterMetadata metadata) {
    this.metadata = metadata;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.UNREGISTER_BROKER;
  }

  @Override
  public CompletableFuture<UnregisterBrokerResponseData> handle(
      RequestContext context, UnregisterBrokerRequestData request) {
    return metadata
        .submit(new UnregisterBroker(request.brokerId()))
        .handle((result, failure) -> failure == null ? errorOf(result) : AdminError.of(failure))
        .thenApply(
            error ->
                new UnregisterBrokerResponseData()
                    .setErrorCode(error.code())
                    .setErrorMessage(error.message()));
  }

  private static AdminError errorOf(CommandResult<Done> result) {
    if (!(result instanceof Rejected<Done> rejected)) {
      return AdminError.NONE;
    }
    return rejected.code() == RejectionCode.UNKNOWN_BROKER
        ? new AdminError(Errors.BROKER_ID_NOT_REGISTERED, rejected.message())
        : AdminError.of(rejected);
  }
}
