using System.Collections.ObjectModel;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace Grpc.AspNetCore.Server;

/// <summary>Interceptors of services, made for each call.</summary>
public class InterceptorCollection : Collection<InterceptorRegistration>
{
    /// <param name="args">Arguments of the interceptor's constructor; the others come from the call's services.</param>
    public void Add<TInterceptor>(params object[] args)
        where TInterceptor : Interceptor =>
        Add(typeof(TInterceptor), args);

    /// <exception cref="ArgumentException">The type is no <see cref="Interceptor"/>, or an argument is null.</exception>
    public void Add(Type interceptorType, params object[] args)
    {
        ArgumentNullException.ThrowIfNull(interceptorType);
        ArgumentNullException.ThrowIfNull(args);
        if (!interceptorType.IsSubclassOf(typeof(Interceptor)))
            throw new ArgumentException($"Type {interceptorType} must inherit from {typeof(Interceptor)}.", nameof(interceptorType));
        if (args.Contains(null))
            throw new ArgumentException("Interceptor arguments contain a null value.", nameof(args));
        Add(new InterceptorRegistration(interceptorType, args));
    }
}

/// <summary>One interceptor's type and arguments.</summary>
public class InterceptorRegistration
{
    private readonly object[] _arguments;
    private readonly Lazy<ObjectFactory> _factory;

    internal InterceptorRegistration(Type type, object[] arguments)
    {
        Type = type;
        _arguments = arguments;
        _factory = new Lazy<ObjectFactory>(() => ActivatorUtilities.CreateFactory(Type, [.. _arguments.Select(a => a.GetType())]));
    }

    public Type Type { get; }

    public IReadOnlyList<object> Arguments => _arguments;

    /// <summary>The registered service of that type, or one made for the call, which then must be disposed.</summary>
    internal (Interceptor Interceptor, bool Owned) Create(IServiceProvider services)
    {
        if (_arguments.Length == 0 && services.GetService(Type) is Interceptor registered)
            return (registered, false);
        return ((Interceptor)_factory.Value(services, _arguments), true);
    }
}
