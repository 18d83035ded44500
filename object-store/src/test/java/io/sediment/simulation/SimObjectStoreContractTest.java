package io.sediment.simulation;

import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreContract;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/** Without faults the simulated bucket is a store like any other. */
class SimObjectStoreContractTest implements ObjectStoreContract {
  private static final Duration LIMIT = Duration.ofHours(1);
  private final Simulation simulation = new Simulation(1);

  @Override
  public ObjectStore newStore() {
    return new SimObjectStore(simulation, FaultPlan.none())
        .forProcess(simulation.process("client"));
  }

  @Override
  public <T> T await(CompletableFuture<T> future) {
    return simulation.await(future, LIMIT, "an answer");
  }

  @Override
  public Throwable failureOf(CompletableFuture<?> future) {
    simulation.runUntil(future::isDone, LIMIT, "an answer");
    Throwable failure = future.handle((value, thrown) -> thrown).join();
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }

  @Override
  public <T> List<CompletableFuture<T>> allAtOnce(List<Supplier<CompletableFuture<T>>> calls) {
    return calls.stream().map(Supplier::get).toList();
  }
}
