using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>The service of a call: the registered one, or one made for the call and disposed after it.</summary>
internal sealed class ServiceActivator<TService>
    where TService : class
{
    private readonly Lazy<ObjectFactory<TService>> _factory = new(() => ActivatorUtilities.CreateFactory<TService>([]));

    public (TService Service, bool Owned) Create(IServiceProvider services) =>
        services.GetService<TService>() is { } registered ? (registered, false) : (_factory.Value(services, []), true);
}

internal static class Owned
{
    public static async ValueTask DisposeAsync(object instance)
    {
        if (instance is IAsyncDisposable asyncDisposable)
            await asyncDisposable.DisposeAsync();
        else if (instance is IDisposable disposable)
            disposable.Dispose();
    }
}
