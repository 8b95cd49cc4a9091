using System.Diagnostics.CodeAnalysis;

namespace Grpc.Core;

/// <summary>
/// Stands on a service's base class and names the static method <c>(ServiceBinderBase, base class)</c> that adds the
/// service's methods to a binder.
/// </summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = false, Inherited = true)]
[SuppressMessage("Performance", "CA1813:Avoid unsealed attributes", Justification = "As in the package.")]
public class BindServiceMethodAttribute(Type bindType, string bindMethodName) : Attribute
{
    public Type BindType { get; } = bindType;

    public string BindMethodName { get; } = bindMethodName;
}
