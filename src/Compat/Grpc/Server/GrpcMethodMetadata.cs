using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>Stands on the endpoint of a method.</summary>
public sealed class GrpcMethodMetadata(Type serviceType, IMethod method)
{
    public Type ServiceType { get; } = serviceType;

    public IMethod Method { get; } = method;
}
