using Grpc.Core;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.AllReduce;

/// <summary>
/// The service <c>cluster.v1.Collective</c> bound by hand: on the wire the same as the generated one, but gradients are not copied
/// into byte strings.
/// </summary>
internal static class CollectiveWire
{
    private const string ServiceName = "cluster.v1.Collective";

    public static Method<CollectiveFrame, ExchangeResult> Exchange { get; } =
        new(MethodType.ClientStreaming, ServiceName, "Exchange", FrameCodec.Marshaller, ProtobufMarshaller(ExchangeResult.Parser));

    public static Method<FetchStateRequest, StateChunk> FetchState { get; } =
        new(
            MethodType.ServerStreaming,
            ServiceName,
            "FetchState",
            ProtobufMarshaller(FetchStateRequest.Parser),
            ProtobufMarshaller(StateChunk.Parser)
        );

    /// <summary>Called by the server at mapping time, without an instance.</summary>
    public static void BindService(ServiceBinderBase binder, ServiceBase? service)
    {
        binder.AddMethod(
            Exchange,
            service is null ? null : new ClientStreamingServerMethod<CollectiveFrame, ExchangeResult>(service.Exchange)
        );
        binder.AddMethod(
            FetchState,
            service is null ? null : new ServerStreamingServerMethod<FetchStateRequest, StateChunk>(service.FetchState)
        );
    }

    private static Marshaller<T> ProtobufMarshaller<T>(Google.Protobuf.MessageParser<T> parser)
        where T : Google.Protobuf.IMessage<T>, Google.Protobuf.IBufferMessage =>
        Marshallers.Create<T>(
            (message, context) =>
            {
                context.SetPayloadLength(message.CalculateSize());
                Google.Protobuf.MessageExtensions.WriteTo(message, context.GetBufferWriter());
                context.Complete();
            },
            context => parser.ParseFrom(context.PayloadAsReadOnlySequence())
        );

    // The server finds the methods by their names in the contract, so they end in no Async.
    [BindServiceMethod(typeof(CollectiveWire), nameof(BindService))]
    public abstract class ServiceBase
    {
        public virtual Task<ExchangeResult> Exchange(IAsyncStreamReader<CollectiveFrame> requestStream, ServerCallContext context) =>
            throw new RpcException(new Status(StatusCode.Unimplemented, ""));

        public virtual Task FetchState(
            FetchStateRequest request,
            IServerStreamWriter<StateChunk> responseStream,
            ServerCallContext context
        ) => throw new RpcException(new Status(StatusCode.Unimplemented, ""));
    }
}
