using Grpc.Core.Interceptors;

namespace Grpc.AspNetCore.Server.Internal;

/// <summary>The interceptors of one call, around what stands within.</summary>
internal sealed class InterceptorPipeline : IAsyncDisposable
{
    private readonly List<(Interceptor Interceptor, bool Owned)> _interceptors = [];

    public InterceptorPipeline(IReadOnlyList<InterceptorRegistration> registrations, IServiceProvider services)
    {
        foreach (var registration in registrations)
            _interceptors.Add(registration.Create(services));
    }

    /// <summary>Wraps the innermost handler; the first interceptor comes to stand outermost.</summary>
    public THandler Wrap<THandler>(THandler handler, Func<Interceptor, THandler, THandler> around)
    {
        for (var i = _interceptors.Count - 1; i >= 0; i--)
            handler = around(_interceptors[i].Interceptor, handler);
        return handler;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (interceptor, owned) in _interceptors)
        {
            if (owned)
                await Owned.DisposeAsync(interceptor);
        }
    }
}
