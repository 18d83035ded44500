package io.sediment.frontend.net;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.RequestHeader;

/** A Kafka client of a plain socket: sends what no library would, and reads answers one by one. */
public final class RawClient implements AutoCloseable {
  private static final int PATIENCE_MS = 60_000;

  private final Socket socket;
  private final DataInputStream in;
  private final OutputStream out;
  private int nextCorrelationId = 1;

  public RawClient(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(PATIENCE_MS);
    in = new DataInputStream(socket.getInputStream());
    out = socket.getOutputStream();
  }

  /** Sends {@code request} and returns the header to read its answer with. */
  public RequestHeader send(AbstractRequest request) throws IOException {
    RequestHeader header =
        new RequestHeader(request.apiKey(), request.version(), "raw", nextCorrelationId++);
    sendFrame(request.serializeWithHeader(header));
    return header;
  }

  public void sendFrame(ByteBuffer body) throws IOException {
    ByteBuffer frame = ByteBuffer.allocate(4 + body.remaining());
    frame.putInt(body.remaining()).put(body.duplicate());
    out.write(frame.array());
    out.flush();
  }

  public void sendBytes(byte[] bytes) throws IOException {
    out.write(bytes);
    out.flush();
  }

  public AbstractResponse receive(RequestHeader header) throws IOException {
    return AbstractResponse.parseResponse(receiveFrame(), header);
  }

  public ByteBuffer receiveFrame() throws IOException {
    byte[] body = new byte[in.readInt()];
    in.readFully(body);
    return ByteBuffer.wrap(body);
  }

  public AbstractResponse call(AbstractRequest request) throws IOException {
    return receive(send(request));
  }

  /** Whether anything has arrived that was not received yet. */
  public boolean hasAnswer() throws IOException {
    return in.available() > 0;
  }

  /** Whether the broker closes the connection without another byte. */
  public boolean isClosedByPeer() throws IOException {
    try {
      return in.read() < 0;
    } catch (EOFException | java.net.SocketException e) {
      return true;
    }
  }

  /** A header of any API and version, also those no request class would build. */
  public static ByteBuffer header(ApiKeys key, int version, int correlationId) {
    ByteBuffer header =
        ByteBuffer.allocate(11)
            .putShort(key.id)
            .putShort((short) version)
            .putInt(correlationId)
            .putShort((short) -1);
    if (key.requestHeaderVersion((short) version) >= 2) {
      header.put((byte) 0); // no tagged fields
    }
    return header.flip();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
