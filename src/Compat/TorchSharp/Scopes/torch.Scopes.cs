namespace TorchSharp;

public static partial class torch
{
    /// <summary>Opens a scope: tensors made on this thread until it is disposed go with it.</summary>
    public static DisposeScope NewDisposeScope() => DisposeScopeManager.ThreadSingleton.Push();

    /// <summary>Runs an expression in a scope of its own; only its result survives.</summary>
    public static Tensor WrappedTensorDisposeScope(Func<Tensor> expr)
    {
        using var scope = NewDisposeScope();
        return expr().MoveToOuterDisposeScope();
    }
}
