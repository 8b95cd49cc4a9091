using System.Linq.Expressions;
using System.Reflection;

namespace Akka.Actor;

/// <summary>How to make an actor: its type, its constructor's arguments, and a strategy for its children if not its own.</summary>
public class Props : IEquatable<Props>
{
    private readonly object[] _arguments;

    protected Props() : this(null, null, []) { }

    public Props(Type type, object[] args) : this(type, null, args) { }

    public Props(Type type) : this(type, null, []) { }

    public Props(Type type, SupervisorStrategy supervisorStrategy, params object[] args)
    {
        Type = type;
        SupervisorStrategy = supervisorStrategy;
        _arguments = args ?? [];
    }

    public Type Type { get; }
    public object[] Arguments => _arguments;
    public string TypeName => Type?.AssemblyQualifiedName;
    public SupervisorStrategy SupervisorStrategy { get; set; }

    /// <summary>From an expression <c>() =&gt; new SomeActor(a, b)</c>; its arguments are evaluated once, now, and used for every incarnation.</summary>
    public static Props Create<TActor>(Expression<Func<TActor>> factory, SupervisorStrategy supervisorStrategy = null) where TActor : ActorBase
    {
        ArgumentNullException.ThrowIfNull(factory);
        if (factory.Body is not NewExpression creation)
            throw new ArgumentException("The create function must be a 'new T (args)' expression", nameof(factory));
        object[] arguments = [.. creation.Arguments.Select(a => Expression.Lambda<Func<object>>(Expression.Convert(a, typeof(object))).Compile()())];
        return new Props(creation.Type, supervisorStrategy, arguments);
    }

    public static Props Create<TActor>(params object[] args) where TActor : ActorBase => new(typeof(TActor), null, args);

    public static Props Create<TActor>(SupervisorStrategy supervisorStrategy) where TActor : ActorBase, new() => new(typeof(TActor), supervisorStrategy);

    public static Props Create(Type type, params object[] args)
    {
        ArgumentNullException.ThrowIfNull(type);
        return new Props(type, null, args);
    }

    public Props WithSupervisorStrategy(SupervisorStrategy supervisorStrategy) => new(Type, supervisorStrategy, _arguments);

    public virtual ActorBase NewActor()
    {
        try
        {
            return (ActorBase)Activator.CreateInstance(
                Type, BindingFlags.CreateInstance | BindingFlags.Public | BindingFlags.Instance, null, _arguments, null);
        }
        catch (MissingMethodException e)
        {
            throw new TypeLoadException($"Error while creating actor instance of type {Type} with {_arguments.Length} args: ({string.Join(",", _arguments)}). Does it have a public constructor that takes them?", e);
        }
        catch (TargetInvocationException e)
        {
            throw new TypeLoadException($"Error while creating actor instance of type {Type} with {_arguments.Length} args: ({string.Join(",", _arguments)}): {e.InnerException?.Message}", e.InnerException);
        }
    }

    public bool Equals(Props other) => other is not null && Type == other.Type && _arguments.SequenceEqual(other._arguments);
    public override bool Equals(object obj) => Equals(obj as Props);
    public override int GetHashCode() => HashCode.Combine(Type, _arguments.Length);
}
