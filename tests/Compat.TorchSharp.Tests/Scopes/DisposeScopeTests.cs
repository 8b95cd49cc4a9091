using TorchSharp;
using static TorchSharp.torch;

namespace Compat.TorchSharp.Tests.Scopes;

public class DisposeScopeTests
{
    [Fact]
    public void Dispose_TensorsMadeInside_GoWithTheScope()
    {
        Tensor inner;
        using (var scope = NewDisposeScope())
        {
            inner = ones(2) + 1;
            Assert.Equal(2, scope.DisposablesCount);
            Assert.True(scope.Contains(inner));
        }
        Assert.True(inner.IsInvalid);
        Assert.Throws<InvalidOperationException>(() => inner.add(1));
    }

    [Fact]
    public void MoveToOuterDisposeScope_Nested_LivesAsLongAsTheOuterOne()
    {
        Tensor moved, left;
        using (NewDisposeScope())
        {
            using (NewDisposeScope())
            {
                left = ones(1);
                moved = ones(1).MoveToOuterDisposeScope();
            }
            Assert.True(left.IsInvalid);
            Assert.False(moved.IsInvalid);
        }
        Assert.True(moved.IsInvalid);
    }

    [Fact]
    public void DetachFromDisposeScope_Tensor_IsItsOwnersToDispose()
    {
        Tensor kept;
        using (NewDisposeScope()) kept = ones(3).DetachFromDisposeScope();
        Assert.Equal(3f, kept.sum().item<float>());
        kept.Dispose();
        Assert.True(kept.IsInvalid);
    }

    [Fact]
    public void Attach_DetachedTensor_BelongsToTheScopeAgain()
    {
        var tensor = ones(1).DetachFromDisposeScope();
        using (var scope = NewDisposeScope()) scope.Attach(tensor);
        Assert.True(tensor.IsInvalid);
    }

    [Fact]
    public void MoveToOtherDisposeScope_Tensor_FollowsTheOther()
    {
        using var outer = NewDisposeScope();
        var anchor = ones(1);
        Tensor moved;
        using (NewDisposeScope()) moved = ones(1).MoveToOtherDisposeScope(anchor);
        Assert.False(moved.IsInvalid);
        Assert.True(outer.Contains(moved));
    }

    [Fact]
    public void DisposeEverythingBut_OneTensor_KeepsItInTheScope()
    {
        using var scope = NewDisposeScope();
        var a = ones(1);
        var b = ones(1);
        scope.DisposeEverythingBut(b);
        Assert.True(a.IsInvalid);
        Assert.False(b.IsInvalid);
        Assert.Equal(1, scope.DisposablesCount);
    }

    [Fact]
    public void Detach_Many_LeavesTheRest()
    {
        var scope = NewDisposeScope();
        var (a, b) = scope.Detach(ones(1), ones(1));
        var c = ones(1);
        scope.Dispose();
        Assert.False(a.IsInvalid);
        Assert.False(b.IsInvalid);
        Assert.True(c.IsInvalid);
        a.Dispose();
        b.Dispose();
    }

    [Fact]
    public void Dispose_ByHandInsideScope_IsCountedOnce()
    {
        using var scope = NewDisposeScope();
        var before = Tensor.TotalCount;
        var tensor = ones(1);
        Assert.Equal(before + 1, Tensor.TotalCount);
        tensor.Dispose();
        tensor.Dispose();
        Assert.Equal(before, Tensor.TotalCount);
        Assert.Equal(0, scope.DisposablesCount);
    }

    [Fact]
    public void Statistics_ScopeAndNoScope_CountApart()
    {
        var statistics = DisposeScopeManager.Statistics;
        statistics.Reset();
        var outside = ones(1);
        using (NewDisposeScope())
        {
            ones(1);
            ones(1).DetachFromDisposeScope().Dispose();
        }
        Assert.Equal(1, statistics.CreatedOutsideScopeCount);
        Assert.Equal(2, statistics.CreatedInScopeCount);
        Assert.Equal(1, statistics.DetachedFromScopeCount);
        outside.Dispose();
    }

    [Fact]
    public void Dispose_OuterBeforeInner_LeavesNoScopeBehind()
    {
        var outer = NewDisposeScope();
        var inner = NewDisposeScope();
        outer.Dispose();
        inner.Dispose();
        var tensor = ones(1);
        using (NewDisposeScope())
        {
        }
        Assert.False(tensor.IsInvalid);
        tensor.Dispose();
    }

    [Fact]
    public void WrappedTensorDisposeScope_Expression_KeepsTheResultOnly()
    {
        using var scope = NewDisposeScope();
        var result = WrappedTensorDisposeScope(() => (ones(3) + 1) * 2);
        Assert.Equal(1, scope.DisposablesCount);
        Assert.Equal([4f, 4f, 4f], result.Floats());
    }
}
