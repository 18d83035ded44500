package io.sediment.objectstore;

import java.util.Locale;

/** The requests a store is asked, as they are counted and paid for. */
public enum StoreOperation {
  PUT_IF_ABSENT(Price.PUT),
  PUT_IF_MATCH(Price.PUT),
  GET(Price.GET),
  DELETE(Price.FREE),
  /** One page of up to 1000 rows. */
  LIST(Price.LIST),
  MULTIPART_START(Price.PUT),
  MULTIPART_PUT(Price.PUT),
  MULTIPART_COPY(Price.PUT),
  MULTIPART_COMPLETE(Price.PUT),
  MULTIPART_ABORT(Price.FREE);

  /** The classes a price list knows. */
  enum Price {
    PUT,
    GET,
    LIST,
    FREE
  }

  private final Price price;

  StoreOperation(Price price) {
    this.price = price;
  }

  Price price() {
    return price;
  }

  /** As metrics name it. */
  public String tag() {
    return name().toLowerCase(Locale.ROOT);
  }
}
