package io.sediment.frontend.group;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;

/** An API whose requests and responses are passed on as they are. */
final class PassingHandler<Q extends ApiMessage, R extends ApiMessage> implements ApiHandler<Q, R> {
  /** What the coordinator does with a request. */
  @FunctionalInterface
  interface Call<Q, R> {
    CompletableFuture<R> of(Groups groups, RequestContext context, Q request);
  }

  private final ApiKeys key;
  private final GroupCoordinators coordinators;
  private final Call<Q, R> call;

  PassingHandler(ApiKeys key, GroupCoordinators coordinators, Call<Q, R> call) {
    this.key = key;
    this.coordinators = coordinators;
    this.call = call;
  }

  @Override
  public ApiKeys key() {
    return key;
  }

  @Override
  public CompletableFuture<R> handle(RequestContext context, Q request) {
    return call.of(coordinators.groups(), context, request);
  }
}
