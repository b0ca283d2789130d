// A heap whose nodes are inside what is kept in order.
#pragma once

namespace lithe::core {

// The links of a node: first child, next sibling, and the parent or previous sibling.
template <class Node>
struct HeapLinks {
  Node *child = nullptr;
  Node *sibling = nullptr;
  Node *before = nullptr;
};

// An intrusive pairing heap: no allocation, so putting something in cannot fail. Insertion is O(1), removal O(log n)
// amortised. A node can be in several heaps, with links for each.
//
// `Order` says where the links are and who comes first:
//   static auto &links(Node *);                       child, sibling and before, as in HeapLinks
//   static bool comes_before(const Node *, const Node *);
template <class Node, class Order>
class PairingHeap {
 public:
  Node *first() const { return root_; }

  void insert(Node *node) {
    auto &own = Order::links(node);
    own.child = own.sibling = own.before = nullptr;
    root_ = meld(root_, node);
  }

  void remove(Node *node) {
    auto &own = Order::links(node);
    Node *const rest = meld_siblings(own.child);
    own.child = nullptr;
    if (node == root_) {
      root_ = rest;
      return;
    }
    Node *const before = own.before;
    auto &earlier = Order::links(before);
    (earlier.child == node ? earlier.child : earlier.sibling) = own.sibling;
    if (own.sibling) Order::links(own.sibling).before = before;
    own.sibling = own.before = nullptr;
    root_ = meld(root_, rest);
  }

 private:
  static Node *meld(Node *a, Node *b) {
    if (!a) return b;
    if (!b) return a;
    if (Order::comes_before(b, a)) {
      Node *const earlier = b;
      b = a;
      a = earlier;
    }
    auto &above = Order::links(a);
    auto &below = Order::links(b);
    below.before = a;
    below.sibling = above.child;
    if (above.child) Order::links(above.child).before = b;
    above.child = b;
    return a;
  }

  // Melds a list of siblings into one heap: in pairs from the left, then the results from the right.
  static Node *meld_siblings(Node *first) {
    Node *pairs = nullptr;
    while (first) {
      Node *const a = first;
      Node *const b = Order::links(a).sibling;
      first = b ? Order::links(b).sibling : nullptr;
      Order::links(a).sibling = Order::links(a).before = nullptr;
      if (b) Order::links(b).sibling = Order::links(b).before = nullptr;
      Node *const pair = meld(a, b);
      Order::links(pair).sibling = pairs;
      pairs = pair;
    }
    Node *all = nullptr;
    while (pairs) {
      Node *const pair = pairs;
      pairs = Order::links(pair).sibling;
      Order::links(pair).sibling = nullptr;
      all = meld(all, pair);
    }
    return all;
  }

  Node *root_ = nullptr;
};

}  // namespace lithe::core
